#!/bin/sh
# Runs as root inside the host that kickstart.json describes.
. "${0%/*}/lib.sh"

every_photon_host
same hostname survivor "$(hostname)"
finished
