#!/bin/sh
# Runs as root inside the host that kickstart.json describes.
. "${0%/*}/lib.sh"

every_photon_host
upgrades_work
check secure-boot secure_boot_enabled
check nvram nvram
check fallback-path fallback_path
check network-counts-as-online network_counts_as_online
check apparmor-was-compiled apparmor_was_compiled
check docker docker_runs_a_local_image

same hostname edge-01 "$(hostname)"
same timezone Europe/Berlin "$(readlink /etc/localtime | sed 's,.*zoneinfo/,,')"
same root-filesystem ext4 "$(findmnt -n -o FSTYPE /)"
same esp-filesystem vfat "$(findmnt -n -o FSTYPE /boot/efi)"
same kernel cloud "$(uname -r | grep -o 'cloud')"
check kernel-argument grep -qw panic=10 /proc/cmdline
check keyboard grep -q '^XKBLAYOUT="\?de\|^KEYMAP=de' /etc/default/keyboard /etc/vconsole.conf

same root-is-locked L "$(passwd -S root | cut -d' ' -f2)"
same ops-uid 1500 "$(id -u ops)"
same ops-shell /bin/bash "$(getent passwd ops | cut -d: -f7)"
same ops-name Operations "$(getent passwd ops | cut -d: -f5 | cut -d, -f1)"
check ops-in-docker sh -c 'id -nG ops | grep -qw docker'
check ops-may-sudo sh -c "sudo -l -U ops | grep -q '(ALL'"
check ops-password-is-hashed grep -q '^ops:\$' /etc/shadow
check ops-key grep -q 'ops@example$' /home/ops/.ssh/authorized_keys
same ops-key-mode "600 ops" "$(stat -c '%a %U' /home/ops/.ssh/authorized_keys)"
same ops-home "700 ops" "$(stat -c '%a %U' /home/ops | sed 's/^7[05][05]/700/')"
same watcher-is-locked L "$(passwd -S watcher | cut -d' ' -f2)"

check docker-is-on systemctl is-active docker
check ssh-is-on sh -c 'systemctl is-active ssh || systemctl is-active ssh.socket'
same timesyncd disabled "$(systemctl is-enabled systemd-timesyncd)"
check only-ssh-listens sh -c "! ss -Hltn | grep -v ':22 ' | grep -v '127.0.0.5[34]'"
check network sh -c "networkctl --no-pager --no-legend | grep -q routable"
check post-script grep -qx edge-01 /etc/photon-site
check no-password-in-the-log sh -c "! grep -r 'correct horse' /var/log/photon-installer /etc"
finished
