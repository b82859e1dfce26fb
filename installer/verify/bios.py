"""GRUB for BIOS on a disk: its boot sector and its core image, compared with the host's files."""

from __future__ import annotations

import struct
from pathlib import Path

from installer.boot.bios_grub import (
    BOOT_CODE_SIZE,
    KERNEL_SECTOR_OFFSET,
    SECTOR,
    boot_sector_code,
    core_image,
)
from installer.boot.esp import read_program
from installer.verify.finding import Finding, bad, good

_MOST_SECTORS = 1 << 33
_REPAIR = "Run grub-install for this disk in the host, or install again."


def check_bios(disk: str, directory: Path) -> Finding:
    """Whether a disk (a device node or an image) has the GRUB of the host's own directory."""
    what = f"{disk}, GRUB for BIOS"
    boot, core = read_program(directory / "boot.img"), read_program(directory / "core.img")
    if boot is None or core is None:
        return bad(what, "the host's own copy cannot be read", _REPAIR)
    try:
        return _compared(what, Path(disk), boot, core)
    except (OSError, struct.error, ValueError) as error:
        return bad(what, f"it cannot be read: {error}", _REPAIR)


def _compared(what: str, disk: Path, boot: bytes, core: bytes) -> Finding:
    with disk.open("rb") as device:
        code = device.read(SECTOR)[:BOOT_CODE_SIZE]
        (sector,) = struct.unpack_from("<Q", code, KERNEL_SECTOR_OFFSET)
        if not 0 < sector < _MOST_SECTORS or code != boot_sector_code(boot, sector):
            return bad(what, "the boot sector is not the host's", _REPAIR)
        device.seek(sector * SECTOR)
        if device.read(len(core)) != core_image(core, sector):
            return bad(what, f"the core image at sector {sector} is not the host's", _REPAIR)
    return good(what, f"the boot sector and the core image at sector {sector} are the host's")
