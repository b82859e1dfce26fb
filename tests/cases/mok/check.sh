#!/bin/sh
# Runs as root inside the host that kickstart.json describes.
. "${0%/*}/lib.sh"

every_photon_host
upgrades_work
check secure-boot secure_boot_enabled
check docker docker_runs_a_local_image
check hardened grep -q 'slab_nomerge .*lockdown=confidentiality' /proc/cmdline
check enrolled sh -c "mokutil --list-enrolled | grep -q 'Photon test machine-owner'"
check nothing-queued sh -c "! mokutil --list-new | grep -q CN="
check kernel-trusts-it sh -c "journalctl -b -k -o cat --no-pager | grep -q \"Loaded X.509 cert 'Photon test machine-owner\""
finished
