"""What a host measured that the installer made: OVMF with Microsoft's keys, swtpm, shim, GRUB.

``eventlog.bin`` is its binary_bios_measurements, ``pcrs.txt`` what its kernel says of the PCRs,
``esp.cfg`` and ``root.cfg`` are its menus, ``vendor_cert.bin`` is that section of its shim.
"""

from __future__ import annotations

from pathlib import Path

from installer.measured.log import VARIABLE, parse_log
from installer.measured.menu import GrubVolume
from installer.measured.variables import measured_name
from installer.secureboot.variables import SHIM, Variables
from tests.unit.measured.programs import program_with

FOLDER = Path(__file__).parent
LOG = FOLDER / "eventlog.bin"
EVENTS = parse_log(LOG.read_bytes())
UUID = "674fb377-0d2d-4b2d-b7e5-905f5c779e80"
RELEASE = "6.12.117+deb13-cloud-amd64"
KERNEL, INITRD = f"/boot/vmlinuz-{RELEASE}", f"/boot/initrd.img-{RELEASE}"
LEVEL = b"sbat,1,2025021800\nshim,4\ngrub,5\n"

ESP_FILES = {"/EFI/debian/grub.cfg": (FOLDER / "esp.cfg").read_bytes()}
ROOT_FILES = {
    "/boot/grub/grub.cfg": (FOLDER / "root.cfg").read_bytes(),
    KERNEL: b"the kernel",
    INITRD: b"the initrd",
}


def pcrs() -> dict[int, bytes]:
    """The registers by their numbers."""
    lines = (FOLDER / "pcrs.txt").read_text("ascii").split("\n")
    return {int(line.split()[0]): bytes.fromhex(line.split()[1]) for line in lines if line}


def digests(pcr: int) -> list[bytes]:
    """What one register was extended with."""
    return [each.digest for each in EVENTS if each.pcr == pcr]


def variables() -> Variables:
    """The firmware's variables as its log has them, and shim's, as they are in its store."""
    found = {}
    for event in EVENTS:
        if event.kind == VARIABLE:
            name, vendor = measured_name(event.data)
            found[name, vendor] = event.data[32 + 2 * len(name) :]
    return {**found, ("SbatLevel", SHIM): LEVEL}


def shim_program() -> bytes:
    """A program with shim's own keys and revocations."""
    level = b"\0\0\0\0" + b"\x08\0\0\0" + b"\x29\0\0\0" + LEVEL + b"\0" + LEVEL + b"\0"
    vendor = (FOLDER / "vendor_cert.bin").read_bytes()
    return program_with({".text": b"\xc3", ".vendor_cert": vendor, ".sbatlevel": level})


def esp(files: dict[str, bytes] | None = None, device: str = "hd0,gpt2") -> GrubVolume:
    """Its ESP, or one with other files."""
    return GrubVolume(device=device, read=(ESP_FILES if files is None else files).get)


def root(files: dict[str, bytes] | None = None, device: str = "hd0,gpt3") -> GrubVolume:
    """Its root (the kernel and the initrd are not the real ones), or one with other files."""
    return GrubVolume(device=device, uuid=UUID, read=(ROOT_FILES if files is None else files).get)
