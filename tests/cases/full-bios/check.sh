#!/bin/sh
# Runs as root inside the host that kickstart.json describes.
. "${0%/*}/lib.sh"

every_photon_host
upgrades_work
host_on_bios
same kernel "" "$(uname -r | grep -o 'cloud')"
check locale grep -q '^LANG=.*en_US.UTF-8' /etc/locale.conf /etc/default/locale
for program in docker-compose podman buildah skopeo kubectl git make gcc python3 jq curl vim \
	tcpdump strace vmtoolsd cloud-init lvm mdadm cryptsetup mkfs.xfs mkfs.btrfs mount.nfs iscsiadm man; do
	check "has-$program" sh -c "command -v $program"
done
check buildx docker buildx version
check cloud-init-is-off sh -c "[ -e /etc/cloud/cloud-init.disabled ] || ! systemctl is-active -q cloud-init"
check english sh -c "LC_ALL=en_US.UTF-8 locale charmap | grep -qx UTF-8"
finished
