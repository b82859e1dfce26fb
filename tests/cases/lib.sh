# What the check scripts share. Each check prints one line: "ok NAME" or "FAIL NAME: why".
# shellcheck shell=sh

failed=0
here=${0%/*}

# check NAME COMMAND... : the command must succeed; what it said last is the reason when it does not
check() {
	name=$1
	shift
	if said=$("$@" 2>&1); then
		echo "ok $name"
	else
		echo "FAIL $name: $(printf '%s' "$said" | tail -n 3 | tr '\n' ' ')"
		failed=1
	fi
}

# same NAME WANTED FOUND
same() {
	if [ "$2" = "$3" ]; then
		echo "ok $1"
	else
		echo "FAIL $1: wanted '$2', found '$3'"
		failed=1
	fi
}

# The last line of every check script: without it, the script did not get to its end.
finished() {
	echo "all checks done"
	exit "$failed"
}

# --- what is true of every Photon host ---

no_failed_unit() {
	systemctl is-system-running --wait >/dev/null || true
	units=$(systemctl list-units --failed --plain --no-legend --no-pager)
	[ -z "$units" ] || {
		echo "$units"
		systemctl list-units --failed --plain --no-legend --no-pager | cut -d' ' -f1 |
			while read -r unit; do journalctl -b -u "$unit" -n 2 -o cat --no-pager; done
		return 1
	}
}

efi_variable() { # NAME-GUID : its bytes after the four of attributes, as hexadecimal digits
	od -An -v -tx1 -j4 "/sys/firmware/efi/efivars/$1" | tr -d ' \n'
}

secure_boot_enabled() {
	[ "$(efi_variable SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c)" = 01 ] || {
		echo "the firmware does not enforce"
		return 1
	}
	journalctl -b -k -o cat --no-pager | grep -q 'Secure boot enabled' || {
		echo "the kernel does not know"
		return 1
	}
	grep -q '\[integrity\]\|\[confidentiality\]' /sys/kernel/security/lockdown || {
		echo "not locked down: $(cat /sys/kernel/security/lockdown)"
		return 1
	}
}

# The entry that this start came from is ours, and it is the first of the order.
nvram() {
	current=$(efibootmgr | sed -n 's/^BootCurrent: //p')
	efibootmgr | grep -q "^BootOrder: $current" || {
		efibootmgr | head -n 3
		return 1
	}
	efibootmgr -v | grep -i "^Boot$current\* photon" | grep -qi 'shimx64.efi' || {
		efibootmgr -v | grep "^Boot$current"
		return 1
	}
}

# The firmware had lost its variables: what started from the removable path has written ours anew.
nvram_again() {
	efibootmgr -v | grep -i '^Boot[0-9A-F]*\* photon' | grep -qi 'EFI.debian.shimx64.efi' || {
		efibootmgr
		return 1
	}
}

# The path that firmware takes when it has lost its variables.
fallback_path() {
	esp=$(findmnt -n -o TARGET /boot/efi)
	[ -s "$esp/EFI/BOOT/BOOTX64.EFI" ] && [ -s "$esp/EFI/debian/grub.cfg" ]
}

# What a kernel upgrade does must leave a menu that starts this root filesystem.
kernel_upgrade_keeps_booting() {
	# grub-mkconfig names a logical volume by its path.
	root=UUID=$(findmnt -n -o UUID /)
	case $(findmnt -n -o SOURCE /) in /dev/mapper/*-*) root="\($root\|$(findmnt -n -o SOURCE /)\)" ;; esac
	version=$(uname -r)
	before=$(sha256sum /boot/grub/grub.cfg)
	/etc/kernel/postinst.d/zz-update-grub "$version" >/tmp/update-grub.log 2>&1 ||
		update-grub >/tmp/update-grub.log 2>&1 || {
		tail -n 3 /tmp/update-grub.log
		return 1
	}
	grep -q "linux.*vmlinuz-$version root=$root" /boot/grub/grub.cfg || {
		echo "no entry for $version on $root (before: $before)"
		return 1
	}
	for argument in $(sed 's/BOOT_IMAGE=[^ ]* *//;s/root=[^ ]* *//' /proc/cmdline); do
		grep "linux.*vmlinuz-$version" /boot/grub/grub.cfg | head -n 1 | grep -qF -- "$argument" || {
			echo "the new entry lost $argument"
			return 1
		}
	done
}

packages_are_whole() {
	apt-get check -qq && dpkg --audit && [ -z "$(dpkg --audit)" ]
}

# Nothing of the installer stays but its log, its report and the kickstart with hashes only.
installer_left_its_papers() {
	cd /var/log/photon-installer || return 1
	[ -s kickstart.json ] || {
		ls
		return 1
	}
	if grep -rl '"plain"' .; then return 1; fi
	[ "$(stat -c %a kickstart.json)" = 600 ] || {
		stat -c '%a %n' kickstart.json
		return 1
	}
}

ssh_keys_are_its_own() {
	for kind in ed25519 rsa ecdsa; do
		[ -s "/etc/ssh/ssh_host_${kind}_key" ] && return 0
	done
	ls /etc/ssh
	return 1
}

# A digest of what other machines know the host by.
identity() {
	cat /etc/machine-id /etc/ssh/ssh_host_*_key /etc/ssh/ssh_host_*_key.pub | sha256sum | cut -c1-16
}

# Whoever made the keys: the private ones are for root alone.
host_key_modes() {
	[ "$(stat -c '%u:%g %a' /etc/ssh/ssh_host_*_key | sort -u)" = "0:0 600" ] &&
		[ "$(stat -c '%u:%g %a' /etc/ssh/ssh_host_*_key.pub | sort -u)" = "0:0 644" ]
}

# An image made here of what is here: the dynamic loader, libc and true. No network anywhere.
docker_runs_a_local_image() {
	work=$(mktemp -d)
	for file in /usr/bin/true /usr/bin/cat /etc/os-release \
		$(ldd /usr/bin/cat | grep -o '/[^ ]*'); do
		install -D "$(readlink -f "$file")" "$work/root$file"
	done
	tar -C "$work/root" -c . | docker import - photon-check:1 >/dev/null || return 1
	docker run --rm --network none photon-check:1 /usr/bin/true || return 1
	docker run --rm --network none photon-check:1 /usr/bin/cat /etc/os-release |
		grep -q '^ID=photon$'
}

# The profiles were compiled when the tree was made, for the kernel that runs now.
apparmor_was_compiled() {
	[ "$(find /var/cache/apparmor -mindepth 1 -maxdepth 1 -type d | wc -l)" = 1 ] &&
		[ -z "$(find /var/cache/apparmor -type d -newer /etc/machine-id)" ] || {
		ls -la /var/cache/apparmor /var/cache/apparmor/*.0 | tail -n 3
		return 1
	}
}

# A network that is there counts as one: an interface that is not required never does, and each
# start would wait for all of the time allowed. The limit is for a slow machine, not for the network.
network_counts_as_online() {
	/usr/lib/systemd/systemd-networkd-wait-online --any --timeout=300
}

# True wherever the host came from, and however.
every_photon_host() {
	same os-release photon "$(. /etc/os-release && echo "$ID")"
	check no-failed-unit no_failed_unit
	check fstab findmnt --verify
	if systemctl is-enabled -q ssh; then check host-keys ssh_keys_are_its_own; fi
	check machine-id grep -qE '^[0-9a-f]{32}$' /etc/machine-id
	check papers installer_left_its_papers
}

# What the tree, the storage and the boot loader have a part in, for cases that differ in those.
upgrades_work() {
	check packages packages_are_whole
	check kernel-upgrade kernel_upgrade_keeps_booting
}

# What a container writes is limited by a project quota. The image is the one of the check above.
docker_limits_a_container() {
	docker run --rm --network none --storage-opt size=10M photon-check:1 /usr/bin/true
}

# The host of the two cases that start on BIOS, alike but for their packages.
host_on_bios() {
	check no-efi test ! -d /sys/firmware/efi
	same root-filesystem btrfs "$(findmnt -n -o FSTYPE /)"
	same hostname rack-07 "$(hostname)"
	same swap partition "$(swapon --show=TYPE --noheadings)"
	check swap-size test "$(swapon --show=SIZE --noheadings --bytes)" -ge 536000000
	check static-v4 sh -c "ip -4 -o address show scope global | grep -q 'inet 10.0.2.77/24'"
	check static-v6 sh -c "ip -6 -o address show | grep -q 'inet6 fec0::77/64'"
	check no-dhcp-address sh -c "! ip -4 -o address show | grep -q dynamic"
	check route sh -c "ip route show default | grep -q 'via 10.0.2.2'"
	check nameserver sh -c "resolvectl dns | grep -q 10.0.2.3"
	check search-domain sh -c "resolvectl domain | grep -q rack.example"
	check docker docker_runs_a_local_image
	same ssh-is-masked masked "$(systemctl is-enabled ssh)"
}
