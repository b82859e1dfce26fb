#!/bin/sh
# Runs as root inside the host that kickstart.json describes.
. "${0%/*}/lib.sh"

every_photon_host
upgrades_work
check secure-boot secure_boot_enabled
check nvram nvram
check docker docker_runs_a_local_image
same sectors "4096 4096" "$(lsblk -dno LOG-SEC,PHY-SEC /dev/nvme0n1 | xargs)"
same root /dev/mapper/vg0-root "$(findmnt -n -o SOURCE /)"
same root-filesystem xfs "$(findmnt -n -o FSTYPE /)"
same home /dev/mapper/vg0-home "$(findmnt -n -o SOURCE /home)"
check home-options sh -c "findmnt -n -o OPTIONS /home | grep -q 'nosuid,nodev'"
same home-is-thin pool "$(lvs --noheadings -o pool_lv vg0/home | xargs)"
check swap sh -c "swapon --show=NAME --noheadings | grep -q ."
check pool-can-grow sh -c "lvs --noheadings -o lv_attr vg0/pool | grep -q '^ *twi'"
finished
