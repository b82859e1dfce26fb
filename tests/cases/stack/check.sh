#!/bin/sh
# Runs as root inside the host that kickstart.json describes, with the first disk taken away.
. "${0%/*}/lib.sh"

every_photon_host
upgrades_work
check secure-boot secure_boot_enabled
check fallback-path fallback_path
check docker docker_runs_a_local_image
same one-disk 1 "$(lsblk -dno SERIAL | grep -c PHOTON)"
same root /dev/mapper/photon-root "$(findmnt -n -o SOURCE /)"
same root-filesystem ext4 "$(findmnt -n -o FSTYPE /)"
same root-below "crypt disk lvm part raid1" "$(lsblk -nso TYPE /dev/mapper/photon-root | sort -u | xargs)"
same luks-version 2 "$(cryptsetup luksDump "$(readlink -f /dev/md/system)" | sed -n 's/^Version:[[:space:]]*//p')"
check argon2id sh -c "cryptsetup luksDump /dev/md/system | grep -q argon2id"
for array in boot system; do
	check "$array-runs-degraded" sh -c "mdadm --detail /dev/md/$array | grep -q 'State : .*degraded'"
done
same boot /dev/md "$(findmnt -n -o SOURCE /boot | sed 's/[0-9]*$//')"
same swap /dev/mapper/photon-swap "$(realpath -s "$(swapon --show=NAME --noheadings | sed 's,^/dev/dm-.*,/dev/mapper/photon-swap,')")"
check containers-on-xfs sh -c "findmnt -n -o OPTIONS /var/lib/docker | grep -q prjquota"
same containerd-on-the-volume "$(findmnt -n -o MAJ:MIN /var/lib/docker)" "$(findmnt -n -o MAJ:MIN /var/lib/containerd)"
check docker-limits-a-container docker_limits_a_container
check no-passphrase-on-the-disk sh -c "! grep -rs 'a stack of layers' /var/log /etc /boot"
finished
