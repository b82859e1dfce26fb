#!/bin/sh
# Runs as root inside the host that kickstart.json describes.
. "${0%/*}/lib.sh"

every_photon_host
upgrades_work
check secure-boot secure_boot_enabled
check nvram nvram
check docker docker_runs_a_local_image
same docker-filesystem xfs "$(findmnt -n -o FSTYPE /var/lib/docker)"
same docker-disk PHOTON1 "$(lsblk -sno SERIAL "$(findmnt -n -o SOURCE /var/lib/container-storage)" | xargs)"
check docker-limits-a-container docker_limits_a_container
check host-key-modes host_key_modes
# The first installation makes a volume with data in it, which the second finds again.
if [ "$(docker volume ls -q)" ]; then
	same data precious "$(docker run --rm --network none -v data:/data photon-check:1 /usr/bin/cat /data/file)"
	same identity "$(docker run --rm --network none -v data:/data photon-check:1 /usr/bin/cat /data/identity)" "$(identity)"
	echo "ok the-second-installation"
else
	docker volume create data >/dev/null
	folder=$(docker volume inspect -f '{{.Mountpoint}}' data)
	echo precious >"$folder/file"
	identity >"$folder/identity"
	echo "ok the-first-installation"
fi
finished
