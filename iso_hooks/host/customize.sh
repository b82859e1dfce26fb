#!/bin/sh
# Makes a Debian tree a Photon host. Runs on the build machine with the tree as its argument.
set -eu
root=$1
here=$(dirname "$0")

# Ours runs it (see there), and an upgrade puts its own beside ours.
chroot "$root" dpkg-divert --quiet --local --rename \
    --divert /usr/sbin/grub-install.debian --add /usr/sbin/grub-install

tar --create --directory "$here/files" --owner=0 --group=0 --mode='u=rwX,go=rX' . |
    tar --extract --touch --directory "$root" --no-overwrite-dir

# Upgrades of base-files put Debian's file beside ours.
chroot "$root" dpkg-divert --quiet --local --rename \
    --divert /usr/lib/os-release.debian --add /usr/lib/os-release
sed -e "s/^NAME=.*/NAME=\"Photon\"/" -e "s/^PRETTY_NAME=.*/PRETTY_NAME=\"$PHOTON_PRODUCT\"/" \
    -e 's/^ID=.*/ID=photon\nID_LIKE=debian/' -e '/_URL=/d' \
    "$root/usr/lib/os-release.debian" >"$root/usr/lib/os-release"
printf '%s \\n \\l\n\n' "$PHOTON_PRODUCT" >"$root/etc/issue"
printf '%s\n' "$PHOTON_PRODUCT" >"$root/etc/issue.net"
: >"$root/etc/motd"

ln -sf ../run/systemd/resolve/stub-resolv.conf "$root/etc/resolv.conf"
printf 'LANG=C.UTF-8\n' >"$root/etc/default/locale"
printf 'LANG=C.UTF-8\n' >"$root/etc/locale.conf"
chroot "$root" usermod --lock root

# The boot entries and their order are the installer's: an upgrade of GRUB adds none of its own.
chroot "$root" debconf-set-selections <<'ANSWERS'
grub-efi-amd64 grub2/force_efi_extra_removable boolean true
grub-efi-amd64 grub2/update_nvram boolean false
ANSWERS

# What packages switched on by themselves is decided again, by our presets alone.
find "$root/etc/systemd/system" -path '*.wants/*' -type l -delete
chroot "$root" systemctl preset-all
chroot "$root" systemctl mask systemd-firstboot.service
if [ "$PHOTON_SET" = full ]; then
    mkdir -p "$root/etc/cloud"
    : >"$root/etc/cloud/cloud-init.disabled"
fi

# Compile the AppArmor profiles here: at the first start it would keep Docker waiting. A cache is
# valid for the kernel whose features it names (/var/cache/apparmor/*/.features on a host that runs
# it has them), so another kernel compiles its own.
cp "$here/apparmor-features" "$root/tmp/apparmor-features"
chroot "$root" apparmor_parser --kernel-features=/tmp/apparmor-features --skip-kernel-load \
    --write-cache --quiet /etc/apparmor.d
rm "$root/tmp/apparmor-features"

# Only xfs_scrub_all is Python here, and what is compiled for it takes a third of Python's room.
if [ "$PHOTON_SET" = minimal ]; then
    find "$root/usr" -xdev -depth -type d -name __pycache__ -exec rm -r {} +
fi

rm -f "$root"/etc/.resolv.conf*.bak

# The initrd is dracut's, and what upgrades make is the same by the same rules. Sets with the same
# kernel share one: it then takes its place on the medium only once.
for modules in "$root"/usr/lib/modules/*; do
    initrd=boot/initrd.img-${modules##*/}
    rm -f "$root/$initrd"
    if [ -e "${PHOTON_BASE:-/nowhere}/$initrd" ]; then
        cp "$PHOTON_BASE/$initrd" "$root/$initrd"
        continue
    fi
    newest=$(find "$root/usr/lib" -xdev -type f ! -newer "$root/.photon-birth" -printf '%Ts\n' |
        sort -n | tail -n 1)
    chroot "$root" env SOURCE_DATE_EPOCH="$newest" dracut --quiet --force \
        --kver "${modules##*/}" "/$initrd"
    chmod 0644 "$root/$initrd"
done
