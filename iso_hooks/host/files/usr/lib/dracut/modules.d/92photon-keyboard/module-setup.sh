#!/bin/bash
# dracut module: the host's keyboard layout (/etc/default/keyboard), for the person who types the passphrase
# of the disk. Debian's module console-setup loads it too, but without waiting before the prompt.

check() {
    require_binaries loadkeys setupcon gzip || return 1
    # Only for a host that asks for it.
    return 255
}

depends() {
    echo systemd
}

install() {
    local keymap=/etc/photon-keyboard.map
    inst_multiple loadkeys
    # Compiled each time, so that it is what the file says now.
    if ! setupcon --save-keyboard "$initdir$keymap.gz" || ! gzip -d "$initdir$keymap.gz"; then
        derror "photon-keyboard: /etc/default/keyboard could not be compiled; the layout stays US"
        return 0
    fi
    inst_simple "$moddir/photon-keyboard.service" "$systemdsystemunitdir/photon-keyboard.service"
    $SYSTEMCTL -q --root "$initdir" add-wants sysinit.target photon-keyboard.service
}
