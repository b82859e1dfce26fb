#!/bin/sh
# Runs as root inside the host that kickstart.json describes, after each of two installations.
. "${0%/*}/lib.sh"

every_photon_host
upgrades_work
same root-below "crypt disk lvm part raid1" "$(lsblk -nso TYPE /dev/mapper/photon-root | sort -u | xargs)"
check host-key-modes host_key_modes
check no-key-in-the-papers sh -c "! grep -rs 'PRIVATE KEY' /var/log/photon-installer"
# By this the test compares the two.
echo "ok identity $(identity)"
finished
