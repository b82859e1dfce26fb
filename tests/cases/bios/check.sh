#!/bin/sh
# Runs as root inside the host that kickstart.json describes.
. "${0%/*}/lib.sh"

every_photon_host
upgrades_work
host_on_bios
same kernel cloud "$(uname -r | grep -o 'cloud')"
same time-servers "10.0.2.2 ntp.rack.example" "$(timedatectl show-timesync --value --property=SystemNTPServers)"
finished
