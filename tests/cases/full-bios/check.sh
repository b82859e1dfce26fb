#!/bin/sh
# Runs as root inside the host that kickstart.json describes.
. "${0%/*}/lib.sh"

every_photon_host
check no-efi test ! -d /sys/firmware/efi
same root-filesystem btrfs "$(findmnt -n -o FSTYPE /)"
same hostname rack-07 "$(hostname)"
same kernel "" "$(uname -r | grep -o 'cloud')"
same swap partition "$(swapon --show=TYPE --noheadings)"
check swap-size test "$(swapon --show=SIZE --noheadings --bytes)" -ge 536000000
check locale grep -q '^LANG=.*en_US.UTF-8' /etc/locale.conf /etc/default/locale
check static-v4 sh -c "ip -4 -o address show scope global | grep -q 'inet 10.0.2.77/24'"
check static-v6 sh -c "ip -6 -o address show | grep -q 'inet6 fec0::77/64'"
check no-dhcp-address sh -c "! ip -4 -o address show | grep -q dynamic"
check route sh -c "ip route show default | grep -q 'via 10.0.2.2'"
check nameserver sh -c "resolvectl dns | grep -q 10.0.2.3"
check search-domain sh -c "resolvectl domain | grep -q rack.example"
check docker docker_runs_a_local_image
same ssh-is-masked masked "$(systemctl is-enabled ssh)"
for program in docker-compose podman buildah skopeo kubectl git make gcc python3 jq curl vim \
	tcpdump strace vmtoolsd cloud-init lvm mdadm cryptsetup mkfs.xfs mkfs.btrfs mount.nfs iscsiadm man; do
	check "has-$program" sh -c "command -v $program"
done
check buildx docker buildx version
check cloud-init-is-off sh -c "[ -e /etc/cloud/cloud-init.disabled ] || ! systemctl is-active -q cloud-init"
check english sh -c "LC_ALL=en_US.UTF-8 locale charmap | grep -qx UTF-8"
finished
