#!/bin/sh
# Makes the live system's initrd: initrd.sh TREE SCRIPTS WORK OUTPUT, in a mount namespace of its own
# (unshare --mount), so that the tree stays as it is and nothing stays mounted.
set -eu
tree=$1 scripts=$2 work=$3 output=$4

mount -t tmpfs -o mode=0755 tmpfs "$work"
mkdir "$work/upper" "$work/overlay" "$work/root"
root=$work/root
mount -t overlay -o "lowerdir=$tree,upperdir=$work/upper,workdir=$work/overlay" overlay "$root"
mount -t proc proc "$root/proc"
mount -t sysfs -o ro sysfs "$root/sys"
mount --bind /dev "$root/dev"
mount -t tmpfs tmpfs "$root/tmp"

conf=$root/etc/initramfs-tools
cp "$scripts/initramfs.conf" "$conf/initramfs.conf"
cp "$scripts/modules" "$conf/photon-modules"
mkdir -p "$conf/scripts" "$conf/hooks" "$conf/conf.d"
cp "$scripts/photon" "$conf/scripts/photon"
cp "$scripts/hook" "$conf/hooks/photon"
chmod 0755 "$conf/hooks/photon"
# Where initramfs-tools would open a shell, it halts.
echo panic=0 >"$conf/conf.d/photon"
# The live system's root is on no volume group or array, and nothing of the machine's is started.
for hook in btrfs dmsetup fsck keymap lvm2 mdadm resume thermal thin-provisioning-tools xfs; do
    rm -f "$root/usr/share/initramfs-tools/hooks/$hook"
done
rm -f "$root"/usr/share/initramfs-tools/scripts/local-*/*
# systemd mounts the firmware's variables. This script fails here, without the module, and says so.
rm -f "$root"/usr/share/initramfs-tools/scripts/init-top/00_mount_efivarfs

version=$(ls "$root/usr/lib/modules")
chroot "$root" mkinitramfs -o /tmp/initrd "$version"
cp "$root/tmp/initrd" "$output"
