#!/bin/bash
# dracut module: what systemd-cryptsetup loads to unlock a volume by the TPM. dracut's own tpm2-tss
# takes part only where the tpm2 programs are installed; systemd needs the libraries alone.

check() {
    require_binaries "$systemdutildir"/systemd-cryptsetup || return 1
    # Only for a host that asks for it.
    return 255
}

depends() {
    echo systemd-cryptsetup
}

installkernel() {
    hostonly='' instmods '=drivers/char/tpm'
}

install() {
    inst_libdir_file 'libtss2-esys.so.*' 'libtss2-mu.so.*' 'libtss2-rc.so.*' 'libtss2-sys.so.*' \
        'libtss2-tcti-device.so.*' 'cryptsetup/libcryptsetup-token-systemd-tpm2.so'
    inst_multiple "$systemdutildir"/system-generators/systemd-tpm2-generator \
        "$systemdsystemunitdir"/tpm2.target
}
