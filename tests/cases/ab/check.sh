#!/bin/sh
# Runs as root inside the host that kickstart.json describes, in slot a and later in slot b.
. "${0%/*}/lib.sh"

slot=$(sed -n 's/.*photon\.slot=\([ab]\).*/\1/p' /proc/cmdline)

root_is_of_the_slot() {
	. /etc/photon-slot/roots
	# shellcheck disable=SC2154  # of the file above
	case $slot in a) uuid=$root_a ;; b) uuid=$root_b ;; esac
	[ "$(findmnt -n -o UUID /)" = "$uuid" ]
}

other_slot_has_its_own_names() {
	# shellcheck disable=SC2016  # the other slot expands it
	photon-slot run sh -c '
		. /etc/photon-slot/roots
		case $(grep -o "photon.slot=[ab]" /boot/grub/grub.cfg | sort -u) in
		photon.slot=a) mine=$root_a other=$root_b ;;
		photon.slot=b) mine=$root_b other=$root_a ;;
		*) exit 1 ;;
		esac
		grep -q "$mine" /etc/fstab && ! grep -q "$other" /etc/fstab &&
			grep -q "root=UUID=$mine" /boot/grub/grub.cfg &&
			! grep -q "root=UUID=$other" /boot/grub/grub.cfg
	'
}

# What an upgrade of GRUB writes is put back.
menu_is_put_back() {
	echo "search.fs_uuid 0 root" >/boot/efi/EFI/debian/grub.cfg
	photon-slot menu
	cmp /etc/photon-slot/grub.cfg /boot/efi/EFI/debian/grub.cfg
}

becomes_good() {
	systemctl is-system-running --wait >/dev/null || true
	systemctl is-active -q photon-slot-good.service && photon-slot status
	[ "$(photon-slot status)" = "running: $slot
good: $slot" ]
}

every_photon_host
upgrades_work
check secure-boot secure_boot_enabled
check fallback-path fallback_path
check docker docker_runs_a_local_image
echo "ok slot-$slot"
check root-of-the-slot root_is_of_the_slot
check becomes-good becomes_good
check grub-checks-the-menu grub-script-check /boot/efi/EFI/debian/grub.cfg
check grub-checks-the-slot grub-script-check /boot/grub/grub.cfg
check menu-put-back menu_is_put_back
check other-slot other_slot_has_its_own_names
same data ext4 "$(findmnt -n -o FSTYPE /data)"
for place in /home /var/lib/docker /var/lib/containerd; do
	same "shared$place" "$(findmnt -n -o MAJ:MIN /data)" "$(findmnt -n -o MAJ:MIN "$place")"
done
same home ops "$(stat -c %U /home/ops)"
check deadline systemctl is-active photon-slot-deadline.timer
finished
