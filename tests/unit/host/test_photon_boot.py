"""The host's own upkeep of what starts it, run for real: its ESPs are ext4 on loop devices here."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from installer.actions.boot.esp import ESP_FILES, FALLBACK_LIST, fallback_list
from tests.unit.host.photon_host import (
    GRUB_INSTALL,
    HOOK,
    LABEL,
    LIBRARY,
    PARTITIONS,
    SCRIPT,
    Host,
    able,
    attached_host,
)
from tests.unit.host.programs import efi_program, holds, make_key

KERNEL = "boot/vmlinuz-6.12.1-amd64"
needs_mounts = pytest.mark.skipif(not able(), reason="needs root, namespaces and sbsigntool")


@pytest.fixture(scope="module")
def vendor(tmp_path_factory: pytest.TempPathFactory) -> Path:
    certificate, _ = make_key(tmp_path_factory.mktemp("vendor"), "vendor")
    return certificate.with_suffix("")


@pytest.fixture
def host(tmp_path: Path, vendor: Path) -> Iterator[Host]:
    with attached_host(tmp_path) as made:
        (made.root / KERNEL).write_bytes(efi_program(b"kernel"))
        (made.root / KERNEL).chmod(0o600)
        made.package("1", vendor)
        yield made


def saved(tmp_path: Path, data: bytes) -> Path:
    place = tmp_path / "saved.efi"
    place.write_bytes(data)
    return place


def test_sh_and_shellcheck_find_nothing() -> None:
    for script in (SCRIPT, HOOK, GRUB_INSTALL, LIBRARY / "esp.sh"):
        assert os.access(script, os.X_OK) or script.suffix
        subprocess.run(["sh", "-n", str(script)], check=True)
        if shutil.which("shellcheck"):
            subprocess.run(["shellcheck", str(script)], check=True)


def test_a_host_that_starts_by_bios_has_nothing_to_do(tmp_path: Path) -> None:
    assert Host(root=tmp_path, nodes=()).sync() == ""
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
def test_a_host_with_unified_kernel_images_has_a_script_for_them(tmp_path: Path) -> None:
    for name in ("etc/photon-boot/esps", "usr/sbin/photon-uki"):
        (tmp_path / name).parent.mkdir(parents=True)
    (tmp_path / "etc/photon-boot/esps").write_text(f"{PARTITIONS[0]}\n")
    script = tmp_path / "usr/sbin/photon-uki"
    script.write_text('#!/bin/sh\necho "photon-uki $*" >&2\n')
    script.chmod(0o755)
    assert Host(root=tmp_path, nodes=()).sync() == "photon-uki sync\n"
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("arguments", "efi", "expected"),
    [
        ("--target=x86_64-efi --force-extra-removable --no-nvram", True, "photon-boot sync"),
        ("", True, "photon-boot sync"),
        ("--target x86_64-efi", False, "photon-boot sync"),
        ("--target=i386-pc /dev/sda", True, "debian --target=i386-pc /dev/sda"),
        ("/dev/sda", False, "debian /dev/sda"),
        (
            "--target=x86_64-efi --efi-directory=/mnt",
            True,
            "debian --target=x86_64-efi --efi-directory=/mnt",
        ),
        ("--boot-directory /mnt", True, "debian --boot-directory /mnt"),
        ("--version", True, "debian --version"),
    ],
)
def test_grub_install_for_efi_is_photon_boot(
    tmp_path: Path, arguments: str, efi: bool, expected: str
) -> None:
    for name, word in (("photon-boot", "photon-boot"), ("grub-install.debian", "debian")):
        program = tmp_path / "usr/sbin" / name
        program.parent.mkdir(parents=True, exist_ok=True)
        program.write_text(f'#!/bin/sh\necho "{word} $*"\n')
        program.chmod(0o755)
    if efi:
        (tmp_path / "sys/firmware/efi").mkdir(parents=True)
    done = subprocess.run(
        [str(GRUB_INSTALL), *arguments.split()],
        env={"PATH": os.environ["PATH"], "PHOTON_BOOT_ROOT": str(tmp_path)},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.strip() == expected


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
def test_an_upgrade_reaches_both_and_leaves_the_kept_menu(host: Host, vendor: Path) -> None:
    host.sync()
    (host.root / "etc/photon-boot/grub.cfg").write_bytes(b"with a password")
    host.package("2", vendor)
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
def test_after_grub_install_the_owner_signs_again(host: Host, vendor: Path, tmp_path: Path) -> None:
    certificate = host.own()
    host.sync()
    host.package("2", vendor)
    name = "EFI/debian/grubx64.efi"
    host.put(name, host.packaged(name))
    assert host.sync() == ""
    for number in (0, 1):
        signed = saved(tmp_path, host.esp(number)[name])
        assert holds(certificate, signed)
        assert holds(vendor.with_suffix(".pem"), signed)
        code = f"{ESP_FILES[name]} 2".encode()
        assert code in signed.read_bytes()


@needs_mounts
def test_without_the_key_what_is_signed_stays_and_people_are_told(
    host: Host, vendor: Path, tmp_path: Path
) -> None:
    certificate = host.own()
    host.sync()
    key = host.root / "etc/photon-boot/db.key"
    key.rename(tmp_path / "db.key")
    before = host.esp(0)
    host.package("2", vendor)
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
