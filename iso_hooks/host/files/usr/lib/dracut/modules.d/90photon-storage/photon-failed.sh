# shellcheck shell=sh
# dracut hook, sourced when the root could not be mounted: says so on every console, and leaves time
# to read it before the machine restarts (rd.emergency=reboot). A shell says what it has to say.
if ! getargbool 1 rd.shell; then
    failed=$(systemctl list-units --failed --plain --no-legend 'systemd-cryptsetup@*' 2>/dev/null)
    if [ "$failed" ]; then
        echo "<3>photon: STOP: the encrypted disk was not unlocked" >/dev/kmsg
    else
        echo "<3>photon: STOP: the root filesystem $(getarg root=) was not found" >/dev/kmsg
        echo "<3>photon:       Are all disks of this host still in?" >/dev/kmsg
    fi
    echo "<3>photon: The machine restarts in 30 s, at once with Ctrl+Alt+Del." >/dev/kmsg
    sleep 30
fi
