#!/bin/sh
# Installs what building and testing need on Debian 12 or 13 (packages, then the Python
# environment in .venv). Run from the top of the project, as root or as a user with sudo.
set -eu

if [ "$(id -u)" = 0 ]; then SUDO=; else SUDO=sudo; fi
export DEBIAN_FRONTEND=noninteractive

# What building the medium needs is said there; the rest is for virtual machines, for tests on
# disk images, and for building pyparted.
PACKAGES="$(grep -v '^#' iso_hooks/build-packages.txt)
  ovmf seabios swtpm dosfstools btrfs-progs xfsprogs fdisk gdisk parted udev zstd
  cryptsetup-bin ntfs-3g grub-common qrencode shellcheck
  sbsigntool efitools openssl mokutil softhsm2 opensc libengine-pkcs11-openssl
  python3-venv python3-dev gcc libc6-dev libparted-dev pkg-config"
QEMU="qemu-system-x86"

# shellcheck disable=SC1091
. /etc/os-release
case "${ID:-}:${VERSION_ID:-}" in
debian:12 | debian:13) ;;
*) echo "This is ${PRETTY_NAME:-not Debian}; Debian 12 or 13 is known to work, trying anyway." ;;
esac

# Debian 12's own QEMU 7.2 panics trixie's kernel when it emulates the processor: take backports'.
# The mirror is the one that the machine uses already.
backports() {
	apt-get indextargets --format '$(CREATED_BY) $(ORIGIN) $(RELEASE) $(COMPONENT) $(REPO_URI)' |
		grep -q "^Packages Debian Backports $VERSION_CODENAME-backports main " && return 0
	mirror=$(apt-get indextargets --format '$(CREATED_BY) $(ORIGIN) $(RELEASE) $(COMPONENT) $(REPO_URI)' |
		awk -v release="$VERSION_CODENAME" \
			'$1 == "Packages" && $2 == "Debian" && $3 == release && $4 == "main" { print $5; exit }')
	if [ -z "$mirror" ]; then
		echo "apt knows no archive of Debian $VERSION_CODENAME; add one to its sources." >&2
		return 1
	fi
	$SUDO tee /etc/apt/sources.list.d/photon-installer-backports.sources >/dev/null <<-SOURCE
		Types: deb
		URIs: $mirror
		Suites: $VERSION_CODENAME-backports
		Components: main
		Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
	SOURCE
	$SUDO apt-get update -q
}

missing() {
	for package in $PACKAGES $QEMU; do
		dpkg-query -W -f '${db:Status-Abbrev}' "$package" 2>/dev/null | grep -q '^ii' || echo "$package"
	done
}

qemu_major() {
	version=$(qemu-system-x86_64 --version 2>/dev/null |
		sed -n 's/^QEMU emulator version \([0-9]*\).*/\1/p')
	echo "${version:-0}"
}

if [ -n "$(missing)" ] || [ "$(qemu_major)" -lt 10 ]; then
	echo "apt: updating the lists"
	$SUDO apt-get update -q
	echo "apt: installing packages"
	# shellcheck disable=SC2086
	$SUDO apt-get install -y -q --no-install-recommends $PACKAGES
	if [ "${VERSION_ID:-}" = 12 ]; then
		backports
		echo "apt: installing QEMU from backports"
		$SUDO apt-get install -y -q --no-install-recommends -t "$VERSION_CODENAME-backports" $QEMU
	else
		$SUDO apt-get install -y -q --no-install-recommends $QEMU
	fi
fi
if [ "$(qemu_major)" -lt 10 ]; then
	echo "QEMU is $(qemu-system-x86_64 --version | head -n 1); version 10 or newer is needed." >&2
	exit 1
fi

# The distribution's own Python: its development files, which pyparted is built with, match it.
echo "python: .venv"
[ -x .venv/bin/python ] || /usr/bin/python3 -m venv .venv
mkdir -p build
.venv/bin/python - >build/requirements.txt <<'PYTHON'
import pathlib, tomllib
project = tomllib.loads(pathlib.Path("pyproject.toml").read_text("utf-8"))["project"]
extras = project["optional-dependencies"]
print(*project["dependencies"], *extras["target"], *extras["test"], sep="\n")
PYTHON
.venv/bin/python -m pip install --quiet --disable-pip-version-check -r build/requirements.txt
# Validators by others, for tests alone: of JSON Schema, and the schema of SARIF.
echo "node: build/node"
.venv/bin/npm install --prefix build/node --no-save --silent --ignore-scripts \
	ajv@8 @microsoft/jest-sarif@1.0.0-beta.0
echo "everything is there"
