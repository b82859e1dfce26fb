#!/bin/sh
# Makes a Debian tree the live system's root. Runs on the build machine with the tree as its
# argument. What changes often is not here but in installer.squashfs, which lies over this tree.
set -eu
root=$1
ln -sf ../run/systemd/resolve/stub-resolv.conf "$root/etc/resolv.conf"
printf 'LANG=C.UTF-8\n' >"$root/etc/default/locale"
[ ! -e "$root/etc/shadow" ] || sed -i "s/^root:[^:]*:/root:*:/" "$root/etc/shadow"
rm -f "$root"/boot/initrd.img-*
