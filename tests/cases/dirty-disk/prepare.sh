#!/bin/sh
# Runs in the live system before the installer does: makes of two empty disks what an earlier
# system would have left, all of it active. Its last line on the console says that it got there.
exec >/dev/console 2>&1
set -eux

for disk in PHOTON0 PHOTON1; do
	sfdisk --quiet "/dev/disk/by-id/virtio-$disk" <<-'TABLE'
		label: gpt
		size=64MiB, type=uefi
		size=2GiB, type=raid
		size=1GiB, type=lvm
	TABLE
done
udevadm settle
a=$(readlink -f /dev/disk/by-id/virtio-PHOTON0)
b=$(readlink -f /dev/disk/by-id/virtio-PHOTON1)

mkfs.vfat -n OLD-ESP "${a}1"
mdadm --create /dev/md0 --run --assume-clean --level=1 --raid-devices=2 --name=old "${a}2" "${b}2"
udevadm settle

# A disk that was in another machine brings a volume group of the same name: made first and out of
# sight while the other one is made, or LVM would refuse the name.
pvcreate --devices "${b}3" --yes "${b}3"
vgcreate --devices "${b}3" vg0 "${b}3"
lvcreate --devices "${b}3" --yes --size 256M --name other vg0
vgchange --devices "${b}3" --activate n vg0
udevadm settle
pvcreate --devices /dev/md0 --yes /dev/md0
vgcreate --devices /dev/md0 vg0 /dev/md0
lvcreate --devices /dev/md0 --yes --size 1G --name root vg0
lvcreate --devices /dev/md0 --yes --size 512M --name data vg0
vgchange --devices "${b}3" --activate y vg0
udevadm settle

mkfs.ext4 -q -L old-root /dev/mapper/vg0-root
printf secret | cryptsetup luksFormat --batch-mode --type luks2 --pbkdf pbkdf2 \
	--pbkdf-force-iterations 1000 /dev/mapper/vg0-data -
printf secret | cryptsetup open --key-file - /dev/mapper/vg0-data secret
mkswap /dev/mapper/secret
swapon /dev/mapper/secret
sync
lsblk
echo "prepared: everything is active"

systemctl --no-block start multi-user.target
