#!/bin/sh
# Runs as root inside the host that kickstart.json describes.
. "${0%/*}/lib.sh"

every_photon_host
upgrades_work
check docker docker_runs_a_local_image
same root-filesystem xfs "$(findmnt -n -o FSTYPE /)"
same root /dev/mapper/luks-root "$(findmnt -n -o SOURCE /)"
device=$(cryptsetup status luks-root | sed -n 's/^ *device: *//p')
same ways-to-open "recovery tpm2" "$(systemd-cryptenroll "$device" | awk 'NR > 1 { print $2 }' | sort | tr '\n' ' ' | sed 's/ $//')"
same zram /dev/zram0 "$(swapon --show=NAME --noheadings)"
check no-recovery-key-on-the-disk sh -c "! grep -rEs '([cbdefghijklnrtuv]{8}-){7}' /var/log /etc /boot"
finished
