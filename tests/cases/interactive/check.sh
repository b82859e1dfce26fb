#!/bin/sh
# Runs as root inside the host that was asked for on the screens.
. "${0%/*}/lib.sh"

every_photon_host
check secure-boot secure_boot_enabled
check nvram nvram
same hostname walked "$(hostname)"
check ops-may-sudo sh -c "sudo -l -U ops | grep -q '(ALL'"
finished
