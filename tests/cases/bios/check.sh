#!/bin/sh
# Runs as root inside the host that kickstart.json describes.
. "${0%/*}/lib.sh"

every_photon_host
upgrades_work
host_on_bios
same kernel cloud "$(uname -r | grep -o 'cloud')"
finished
