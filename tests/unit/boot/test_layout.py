"""The names of a host's boot files, and the ESP of another distribution."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from installer.boot.esp import Esp, esp_files
from installer.boot.layout import DEBIAN, SignedProgram, firmware_path
from installer.measured.predict import Way
from installer.verify.menu import read_menu
from tests.unit.measured.test_predict import HOST
from tests.unit.verify.hosts import ROOT, places_of, put

OTHER = replace(
    DEBIAN, vendor="EFI/other", shim=SignedProgram(name="first.efi", source="/opt/first.efi")
)


def test_the_names_of_debian() -> None:
    assert (DEBIAN.shim_path, DEBIAN.removable_path, DEBIAN.esp_menu) == (
        "EFI/debian/shimx64.efi",
        "EFI/BOOT/BOOTX64.EFI",
        "EFI/debian/grub.cfg",
    )
    assert (DEBIAN.menu_path, DEBIAN.bios_path) == ("/boot/grub/grub.cfg", "/boot/grub/i386-pc")
    assert firmware_path(DEBIAN.systemd_path) == r"\EFI\systemd\systemd-bootx64.efi"


def test_another_distribution_has_another_layout(tmp_path: Path) -> None:
    put(tmp_path, "EFI/OTHER/first.efi", "EFI/other/grub.cfg", "EFI/debian/shimx64.efi")
    files = esp_files(tmp_path, OTHER)
    assert "efi/other/first.efi" in files
    assert "efi/debian/shimx64.efi" not in files
    assert not Esp(name="ESP", files=files, layout=OTHER).starts_images
    assert OTHER.esp_sources()["EFI/other/first.efi"] == "/opt/first.efi"
    host = replace(HOST, layout=OTHER)
    assert host.loaders(Way.ENTRY) == ("/EFI/other/first.efi", "/EFI/other/grubx64.efi")
    found = read_menu("linux $prefix/k", OTHER.esp_menu, places_of({ROOT: tmp_path}), OTHER)
    assert "(esp)/EFI/other/k" in found.findings[0].text


def test_an_esp_with_systemd_boot_and_no_shim_starts_images(tmp_path: Path) -> None:
    put(tmp_path, "EFI/systemd/systemd-bootx64.efi", "EFI/Linux/b.efi", "EFI/Linux/A.efi")
    esp = Esp(name="ESP", files=esp_files(tmp_path))
    assert esp.starts_images
    assert esp.images == ("efi/linux/a.efi", "efi/linux/b.efi")
    put(tmp_path, "EFI/debian/shimx64.efi")
    assert not Esp(name="ESP", files=esp_files(tmp_path)).starts_images
