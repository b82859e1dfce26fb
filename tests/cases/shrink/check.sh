#!/bin/sh
# Runs as root inside the host that kickstart.json describes.
. "${0%/*}/lib.sh"

every_photon_host
upgrades_work
check secure-boot secure_boot_enabled
check nvram nvram
same old-size 3221225472 "$(lsblk -bno SIZE /dev/vda1)"
same old-is-mounted /dev/vda1 "$(findmnt -n -o SOURCE /srv)"
check old-files sh -c "cd /srv && sha256sum --quiet -c SUMS"
finished
