#!/bin/sh
# The last customize hook of every tree: what depends on the moment of the build goes away, so that
# the same packages give the same bytes, and packages are kept for the next tree.
set -eu
root=$1

find "$root/var/cache/apt/archives" -maxdepth 1 -name '*.deb' | while read -r package; do
    [ -e "$PHOTON_PACKAGE_CACHE/${package##*/}" ] || ln -f -t "$PHOTON_PACKAGE_CACHE" "$package"
done

find "$root/usr" -xdev -type f ! -newer "$root/.photon-birth" -printf '%Ts\n' |
    sort -n | tail -n 1 >"$PHOTON_EPOCH_FILE"
rm "$root/.photon-birth"
day=$(($(cat "$PHOTON_EPOCH_FILE") / 86400))
if [ -e "$root/etc/shadow" ]; then
    sed -i "s/^\\([^:]*:[^:]*\\):[0-9]*:/\\1:$day:/" "$root/etc/shadow"
fi

# What is left of the options is for upgrades; apt's own part was for the build.
mv "$root"/etc/dpkg/dpkg.cfg.d/99mmdebstrap "$root/etc/dpkg/dpkg.cfg.d/photon"
sed -i '/^force-unsafe-io$/d' "$root/etc/dpkg/dpkg.cfg.d/photon"
rm -f "$root/etc/apt/apt.conf.d/99mmdebstrap"
mv "$root"/etc/apt/sources.list.d/*.sources "$root/etc/apt/sources.list.d/debian.sources"
rm -f "$root/etc/apt/sources.list"

rm -f "$root"/etc/ssh/ssh_host_* "$root"/etc/*- "$root"/var/lib/dpkg/*-old \
    "$root"/var/cache/debconf/*-old "$root/var/cache/ldconfig/aux-cache" \
    "$root/var/lib/systemd/random-seed" "$root/var/lib/dbus/machine-id" \
    "$root/etc/hostname" "$root"/etc/.*.bak "$root/var/lib/systemd/catalog/database"
[ ! -e "$root/etc/mdadm/mdadm.conf" ] || sed -i '/auto-generated on/d' "$root/etc/mdadm/mdadm.conf"
find "$root/var/log" -type f -delete
find "$root/var/cache/man" "$root/var/lib/apt/lists" -mindepth 1 -delete 2>/dev/null || true
: >"$root/etc/machine-id"
