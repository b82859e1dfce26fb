#!/bin/sh
# Runs as root inside the host that kickstart.json describes.
. "${0%/*}/lib.sh"

every_photon_host
upgrades_work
check secure-boot secure_boot_enabled
check nvram nvram
same partitions "1 2 3 4" "$(lsblk -nro PARTN /dev/vda | xargs)"
same root-partition 4 "$(lsblk -no PARTN "$(findmnt -n -o SOURCE /)" | xargs)"
same esp-partition 3 "$(lsblk -no PARTN "$(findmnt -n -o SOURCE /boot/efi)" | xargs)"
finished
