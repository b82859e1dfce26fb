#!/bin/sh
# Runs as root inside the host that kickstart.json describes.
. "${0%/*}/lib.sh"

every_photon_host
upgrades_work
same hostname reborn "$(hostname)"
same root-filesystem ext4 "$(findmnt -n -o FSTYPE /)"
same nothing-is-stacked "" "$(lsblk --noheadings --output TYPE | grep -v '^disk\|^part\|^rom\|^loop')"
same nothing-old "" "$(lsblk --noheadings --output FSTYPE,LABEL | grep -i 'raid\|lvm\|luks\|old')"
finished
