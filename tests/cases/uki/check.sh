#!/bin/sh
# Runs as root inside the host that kickstart.json describes.
. "${0%/*}/lib.sh"

by_systemd_boot() {
	tr -d '\0' </sys/firmware/efi/efivars/LoaderInfo-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f |
		grep -q systemd-boot
}

# It has started well, so its name no longer counts tries.
is_good() {
	systemctl start photon-uki-good.service
	ls /boot/efi/EFI/Linux
	ls /boot/efi/EFI/Linux | grep -q '^photon-[^+]*+deb[0-9.]*-cloud-amd64\.efi$'
}

check os-release grep -q '^ID=photon$' /etc/os-release
check no-failed-unit no_failed_unit
check secure-boot secure_boot_enabled
check by-systemd-boot by_systemd_boot
check signed-command-line sh -c "grep -q \"root=UUID=\$(findmnt -n -o UUID /)\" /proc/cmdline"
check becomes-good is_good
check synced photon-uki sync
finished
