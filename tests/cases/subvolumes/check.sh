#!/bin/sh
# Runs as root inside the host that kickstart.json describes.
. "${0%/*}/lib.sh"

every_photon_host
upgrades_work
check secure-boot secure_boot_enabled
check nvram nvram
check docker docker_runs_a_local_image
same root /@ "$(findmnt -n -o FSROOT /)"
same home /@home "$(findmnt -n -o FSROOT /home)"
same log /@var/log "$(findmnt -n -o FSROOT /var/log)"
same docker-subvolume /@var/lib/docker "$(findmnt -n -o FSROOT /var/lib/docker)"
check log-options sh -c "findmnt -n -o OPTIONS /var/log | grep -q 'nosuid,nodev,noexec'"
check docker-options sh -c "findmnt -n -o OPTIONS /var/lib/docker | grep -q noatime"
check compression sh -c "findmnt -n -o OPTIONS / | grep -q compress=zstd:1"
check snapshot sh -c "btrfs subvolume snapshot -r / /snapshot >/dev/null && btrfs subvolume delete /snapshot >/dev/null"
finished
