#!/bin/sh
# Runs as root inside the host that kickstart.json describes.
. "${0%/*}/lib.sh"

every_photon_host
check secure-boot secure_boot_enabled
check fallback-path fallback_path
check nvram-again nvram_again
check docker docker_runs_a_local_image
same hostname imaged "$(hostname)"
same root-filesystem ext4 "$(findmnt -n -o FSTYPE /)"
same swap file "$(swapon --show=TYPE --noheadings)"
check network sh -c "networkctl --no-pager --no-legend | grep -q routable"
check ops-may-sudo sh -c "sudo -l -U ops | grep -q '(ALL'"
finished
