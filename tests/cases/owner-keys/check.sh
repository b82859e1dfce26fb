#!/bin/sh
# Runs as root inside the host that kickstart.json describes.
. "${0%/*}/lib.sh"

signed_by_the_owner() {
	for file in /boot/vmlinuz-* /boot/efi/EFI/debian/shimx64.efi /boot/efi/EFI/debian/grubx64.efi \
		/boot/efi/EFI/BOOT/BOOTX64.EFI; do
		sbverify --cert /etc/photon-boot/db.pem "$file" || return 1
	done
}

handed_over() {
	for key in PK KEK db; do
		file=/var/lib/photon-boot/keys/$key.p12
		[ "$(stat -c '%a %U' "$file")" = '600 root' ] || return 1
		printf 'keys of the realm\n' |
			openssl pkcs12 -in "$file" -passin stdin -nodes | grep -q 'PRIVATE KEY' || return 1
	done
}

every_photon_host
upgrades_work
check secure-boot secure_boot_enabled
check nvram nvram
check only-the-owner sh -c "mokutil --db | grep -q 'sovereign' && ! mokutil --db | grep -q Microsoft"
check signed-by-the-owner signed_by_the_owner
check handed-over handed_over
same root /dev/mapper/luks-root "$(findmnt -n -o SOURCE /)"
same key-mode "600 root" "$(stat -c '%a %U' /etc/photon-boot/db.key)"
finished
