#!/bin/sh
# Runs as root inside the host that kickstart.json describes.
. "${0%/*}/lib.sh"

every_photon_host
check secure-boot secure_boot_enabled
check nvram nvram
same hostname netbooted "$(hostname)"
check network sh -c "networkctl --no-pager --no-legend | grep -q routable"
finished
