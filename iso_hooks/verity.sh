#!/bin/sh
# Makes the tree of hashes by which dm-verity checks an image: verity.sh TREE IMAGE OUTPUT, in a mount
# namespace of its own (unshare --mount), with the program of the live system's tree. It prints the
# root hash. https://docs.kernel.org/admin-guide/device-mapper/verity.html
set -eu
tree=$1 image=$2 output=$3
mount --bind "$(dirname "$image")" "$tree/mnt"
rm -f "$output"
chroot "$tree" veritysetup format --no-superblock --hash=sha256 --salt=- \
    --data-block-size=4096 --hash-block-size=4096 \
    "/mnt/$(basename "$image")" "/mnt/$(basename "$output")" | sed -n 's/^Root hash:[[:space:]]*//p'
