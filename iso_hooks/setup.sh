#!/bin/sh
# mmdebstrap's setup hook: packages that were downloaded before are linked into the new tree, and
# the moment is kept from which files count as made here instead of brought by a package.
set -eu
root=$1
mkdir -p "$root/var/cache/apt/archives/partial" "$root/etc"
find "$PHOTON_PACKAGE_CACHE" -name '*.deb' -exec ln -t "$root/var/cache/apt/archives" {} +
touch "$root/.photon-birth"
