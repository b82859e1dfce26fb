"""The host's own upkeep of what starts it, run for real: its ESPs are ext4 on loop devices here."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from installer.actions.esp import ESP_FILES, FALLBACK_LIST, fallback_list
from tests.unit.host.programs import efi_program, holds, make_key

FILES = Path(__file__).resolve().parents[3] / "iso_hooks/host/files"
SCRIPT = FILES / "usr/sbin/photon-boot"
HOOK = FILES / "etc/kernel/postinst.d/zz-photon-boot"
TOOLS = ("sbsign", "sbverify", "sbattach", "openssl", "mkfs.ext4", "losetup")
PARTITIONS = ("11111111-2222-4333-8444-555555555555", "66666666-7777-4888-9999-aaaaaaaaaaaa")
LABEL = "Photon edge"
KERNEL = "boot/vmlinuz-6.12.1-amd64"


def able() -> bool:
    """Whether this machine lets the script mount something of its own."""
    if os.geteuid() != 0 or not all(map(shutil.which, TOOLS)):
        return False
    return subprocess.run(["unshare", "--mount", "true"], check=False).returncode == 0


needs_mounts = pytest.mark.skipif(not able(), reason="needs root, namespaces and sbsigntool")


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """A root folder, the nodes of its ESPs, and where the vendor's key is (without its ending)."""

    root: Path
    nodes: tuple[str, ...]
    vendor: Path = Path()

    def sync(self, *, code: int = 0) -> str:
        """Run the script; what it says to people."""
        done = subprocess.run(
            [str(SCRIPT), "sync"],
            env={"PATH": os.environ["PATH"], "PHOTON_BOOT_ROOT": str(self.root)},
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == code, done.stderr
        assert done.stdout == ""
        return done.stderr

    def esp(self, number: int = 0) -> dict[str, bytes]:
        """The files of an ESP by their paths."""
        place = self.root.parent / "look"
        place.mkdir(exist_ok=True)
        subprocess.run(["mount", "-o", "ro", self.nodes[number], str(place)], check=True)
        try:
            files = [each for each in place.rglob("*") if each.is_file()]
            return {str(each.relative_to(place)): each.read_bytes() for each in files}
        finally:
            subprocess.run(["umount", str(place)], check=True)

    def put(self, name: str, data: bytes, number: int = 0) -> None:
        """Write a file to an ESP, as grub-install would."""
        place = self.root.parent / "look"
        place.mkdir(exist_ok=True)
        subprocess.run(["mount", self.nodes[number], str(place)], check=True)
        try:
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            (place / name).write_bytes(data)
        finally:
            subprocess.run(["umount", str(place)], check=True)

    def package(self, version: str) -> None:
        """Install boot loaders of a version, with the vendor's signature as they always come."""
        for path in set(ESP_FILES.values()):
            place = self.root / path.lstrip("/")
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(efi_program(f"{path} {version}".encode()))
            subprocess.run(
                [
                    *("sbsign", "--key", f"{self.vendor}.key", "--cert", f"{self.vendor}.pem"),
                    *("--output", str(place), str(place)),
                ],
                check=True, capture_output=True,
            )  # fmt: skip

    def packaged(self, name: str) -> bytes:
        """What the packages have for a file of the ESP."""
        return (self.root / ESP_FILES[name].lstrip("/")).read_bytes()

    def own(self, *, private: bool = True) -> Path:
        """Give the host the owner's key, or the certificate alone; the certificate."""
        folder = self.root / "etc/photon-boot"
        certificate, key = make_key(folder, "db")
        if not private:
            key.rename(self.root.parent / "db.key")
        return certificate


@pytest.fixture(scope="module")
def vendor(tmp_path_factory: pytest.TempPathFactory) -> Path:
    certificate, _ = make_key(tmp_path_factory.mktemp("vendor"), "vendor")
    return certificate.with_suffix("")


@pytest.fixture
def host(tmp_path: Path, vendor: Path) -> Iterator[Host]:
    root, nodes = tmp_path / "root", list[str]()
    folder = root / "dev/disk/by-partuuid"
    folder.mkdir(parents=True)
    for partition in PARTITIONS:
        image = tmp_path / partition
        image.touch()
        os.truncate(image, 16 << 20)
        subprocess.run(["mkfs.ext4", "-q", "-O", "^has_journal", str(image)], check=True)
        made = subprocess.run(
            ["losetup", "--find", "--show", str(image)], check=True, capture_output=True, text=True
        )
        nodes.append(made.stdout.strip())
        (folder / partition).symlink_to(nodes[-1])
    for name in ("etc/photon-boot", "boot", "run"):
        (root / name).mkdir(parents=True)
    (root / "etc/photon-boot/esps").write_text("".join(f"{each}\n" for each in PARTITIONS))
    (root / "etc/photon-boot/label").write_text(f"{LABEL}\n")
    (root / KERNEL).write_bytes(efi_program(b"kernel"))
    (root / KERNEL).chmod(0o600)
    made_host = Host(root=root, nodes=tuple(nodes), vendor=vendor)
    made_host.package("1")
    try:
        yield made_host
    finally:
        for node in nodes:
            subprocess.run(["losetup", "--detach", node], check=True)
        assert str(tmp_path) not in Path("/proc/mounts").read_text()


def saved(tmp_path: Path, data: bytes) -> Path:
    place = tmp_path / "saved.efi"
    place.write_bytes(data)
    return place


def test_sh_and_shellcheck_find_nothing() -> None:
    for script in (SCRIPT, HOOK):
        assert os.access(script, os.X_OK)
        subprocess.run(["sh", "-n", str(script)], check=True)
        if shutil.which("shellcheck"):
            subprocess.run(["shellcheck", str(script)], check=True)


def test_a_host_that_starts_by_bios_has_nothing_to_do(tmp_path: Path) -> None:
    assert Host(root=tmp_path, nodes=()).sync() == ""
    assert list(tmp_path.iterdir()) == []


@needs_mounts
def test_every_esp_gets_what_the_packages_have(host: Host) -> None:
    host.put("EFI/debian/grub.cfg", b"the menu")
    host.put("EFI/debian/grubx64.efi", b"what was there")
    assert host.sync() == ""
    for number in (0, 1):
        wanted = {name: host.packaged(name) for name in ESP_FILES}
        wanted |= {"EFI/debian/grub.cfg": b"the menu", FALLBACK_LIST: fallback_list(LABEL)}
        assert host.esp(number) == wanted
    assert (host.root / KERNEL).read_bytes() == efi_program(b"kernel")


@needs_mounts
def test_an_upgrade_reaches_both_and_leaves_the_kept_menu(host: Host) -> None:
    host.sync()
    (host.root / "etc/photon-boot/grub.cfg").write_bytes(b"with a password")
    host.package("2")
    host.put("EFI/debian/grub.cfg", b"of grub-install")
    assert host.sync() == ""
    for number in (0, 1):
        found = host.esp(number)
        assert found["EFI/debian/grub.cfg"] == b"with a password"
        for name in ESP_FILES:
            assert found[name] == host.packaged(name)


@needs_mounts
def test_an_esp_that_is_gone_keeps_nothing_from_the_other(host: Host) -> None:
    (host.root / "dev/disk/by-partuuid" / PARTITIONS[0]).unlink()
    assert f"the ESP {PARTITIONS[0]} is not there" in host.sync()
    assert host.esp(0).keys() == set()
    found = host.esp(1)
    assert found["EFI/BOOT/BOOTX64.EFI"] == host.packaged("EFI/BOOT/BOOTX64.EFI")
    assert found[FALLBACK_LIST] == fallback_list(LABEL)


@needs_mounts
def test_the_owner_signs_what_starts(host: Host, tmp_path: Path) -> None:
    certificate = host.own()
    assert host.sync() == ""
    for number in (0, 1):
        found = host.esp(number)
        for name in ESP_FILES:
            assert holds(certificate, saved(tmp_path, found[name])), name
    assert holds(certificate, host.root / KERNEL)
    assert (host.root / KERNEL).stat().st_mode & 0o777 == 0o600
    assert [each.name for each in (host.root / "boot").iterdir()] == [Path(KERNEL).name]
    before = (host.esp(0), (host.root / KERNEL).read_bytes())
    assert host.sync() == ""  # once more, and nothing is to be done
    assert (host.esp(0), (host.root / KERNEL).read_bytes()) == before


@needs_mounts
def test_after_grub_install_the_owner_signs_again(host: Host, tmp_path: Path) -> None:
    certificate = host.own()
    host.sync()
    host.package("2")
    name = "EFI/debian/grubx64.efi"
    host.put(name, host.packaged(name))
    assert host.sync() == ""
    for number in (0, 1):
        signed = saved(tmp_path, host.esp(number)[name])
        assert holds(certificate, signed)
        assert holds(host.vendor.with_suffix(".pem"), signed)
        code = f"{ESP_FILES[name]} 2".encode()
        assert code in signed.read_bytes()


@needs_mounts
def test_without_the_key_what_is_signed_stays_and_people_are_told(
    host: Host, tmp_path: Path
) -> None:
    certificate = host.own()
    host.sync()
    key = host.root / "etc/photon-boot/db.key"
    key.rename(tmp_path / "db.key")
    before = host.esp(0)
    host.package("2")
    name = "EFI/debian/grubx64.efi"
    host.put(name, host.packaged(name))
    new_kernel = host.root / "boot/vmlinuz-6.12.2-amd64"
    new_kernel.write_bytes(efi_program(b"new kernel"))
    said = host.sync()
    assert host.esp(0) == host.esp(0) | before  # nothing that is not signed is left there
    assert "sign /boot/vmlinuz-6.12.2-amd64 elsewhere" in said
    assert f"sign {ESP_FILES[name]} elsewhere" in said
    assert "put it to /var/lib/photon-boot/signed/grubx64.efi" in said
    assert "vmlinuz-6.12.1" not in said
    # What was signed elsewhere is taken.
    source, target = host.root / ESP_FILES[name].lstrip("/"), "var/lib/photon-boot/signed"
    command = ["sbsign", "--key", str(tmp_path / "db.key"), "--cert", str(certificate)]
    command += ["--output", str(host.root / target / "grubx64.efi"), str(source)]
    subprocess.run(command, check=True, capture_output=True)
    said = host.sync()
    assert "grubx64" not in said
    found = host.esp(1)[name]
    assert found == (host.root / target / "grubx64.efi").read_bytes()


@needs_mounts
def test_a_program_that_cannot_be_signed_is_an_error_and_replaces_nothing(host: Host) -> None:
    host.own()
    host.sync()
    before = host.esp(0)
    (host.root / "usr/lib/shim/mmx64.efi.signed").write_bytes(b"MZ, and broken")
    assert "mmx64.efi.signed could not be signed" in host.sync(code=1)
    assert host.esp(0) == before


@needs_mounts
def test_a_full_esp_keeps_its_loader(host: Host) -> None:
    host.sync()
    host.put("full", bytes(12 << 20))
    before = host.esp(0)
    place = host.root / "usr/lib/grub/x86_64-efi-signed/grubx64.efi.signed"
    place.write_bytes(efi_program(bytes(8 << 20)))
    assert "could not be written to the ESP" in host.sync(code=1)
    assert host.esp(0) == before
