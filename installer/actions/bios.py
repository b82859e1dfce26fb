"""The step that makes a disk start on BIOS firmware: GRUB in the boot sector and its partition.

``grub-install`` wants to find the disk's devices by itself, which an image file does not have. So
GRUB's own ``grub-mkimage`` builds the core image, and this module puts the two pieces where
``grub-bios-setup`` would; the offsets are those of GRUB's ``include/grub/i386/pc/boot.h``
(https://git.savannah.gnu.org/cgit/grub.git/tree/include/grub/i386/pc/boot.h).
"""

from __future__ import annotations

import os
import shutil
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from installer.context import Context
from installer.errors import CommandFailed

_SECTOR = 512
_BOOT_CODE_SIZE = 440
_KERNEL_SECTOR_OFFSET = 0x5C
_DRIVE_CHECK_OFFSET = 0x66
_BLOCKLIST_OFFSET = _SECTOR - 12
_MODULES = "/usr/lib/grub/i386-pc"
_PREFIX = "/boot/grub"
_FOLDER = f"{_PREFIX}/i386-pc"


@dataclass(frozen=True, slots=True, kw_only=True)
class PrepareBiosGrub:
    """Put GRUB's modules into the new root and build its core image with the host's own GRUB.

    ``filesystem`` and ``root_uuid`` say where the core image finds its modules and its menu.
    """

    filesystem: str
    root_uuid: str
    weight: float = 2.0

    def describe(self) -> str:
        """See :class:`~installer.plan.model.Action`."""
        return f"build GRUB for BIOS in {_FOLDER}, its root on {self.filesystem} {self.root_uuid}"

    def check(self, context: Context) -> None:
        """Nothing to look at before the root is there."""

    def run(self, context: Context) -> None:
        """Build it."""
        folder = context.inside(_FOLDER)
        shutil.copytree(context.inside(_MODULES), folder, dirs_exist_ok=True)
        (folder / "load.cfg").write_text(
            f"search.fs_uuid {self.root_uuid} root\nset prefix=($root)'{_PREFIX}'\n",
            encoding="utf-8",
        )
        context.runner.run(
            [
                "chroot",
                str(context.target),
                "grub-mkimage",
                "--format=i386-pc",
                f"--directory={_MODULES}",
                f"--prefix={_PREFIX}",
                f"--config={_FOLDER}/load.cfg",
                f"--output={_FOLDER}/core.img",
                "biosdisk",
                "part_gpt",
                "search_fs_uuid",
                "normal",
                "configfile",
                "btrfs" if self.filesystem == "btrfs" else "ext2",
            ]
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbedBiosGrub:
    """Write the core image into the BIOS boot partition, then the first stage into sector 0.

    ``start`` and ``size`` are those of the BIOS boot partition, in bytes. From here on the disk
    boots.
    """

    disk: str
    start: int
    size: int
    weight: float = 0.5

    def describe(self) -> str:
        """See :class:`~installer.plan.model.Action`."""
        return "write GRUB for BIOS to the BIOS boot partition and the boot sector"

    def check(self, context: Context) -> None:
        """Nothing to look at before the core image is there."""

    def run(self, context: Context) -> None:
        """Write the core image, then what loads it."""
        folder = context.inside(_FOLDER)
        core = (folder / "core.img").read_bytes()
        if len(core) > self.size:
            raise CommandFailed(
                f"GRUB's core image has {len(core)} bytes, the BIOS boot partition {self.size}"
            )
        sector = self.start // _SECTOR
        with Path(context.node(self.disk)).open("r+b") as device:
            _write_through(device, self.start, core_image(core, sector))
            _write_through(device, 0, boot_sector_code((folder / "boot.img").read_bytes(), sector))


def boot_sector_code(boot_image: bytes, core_sector: int) -> bytes:
    """The code for sector 0 that loads the core image from ``core_sector``; the table stays."""
    code = bytearray(boot_image[:_BOOT_CODE_SIZE])
    struct.pack_into("<Q", code, _KERNEL_SECTOR_OFFSET, core_sector)
    # Two no-operations: trust the BIOS to say which drive it starts only where it is right, as
    # grub-bios-setup does for every hard disk.
    struct.pack_into("<H", code, _DRIVE_CHECK_OFFSET, 0x9090)
    return bytes(code)


def core_image(core: bytes, core_sector: int) -> bytes:
    """The core image with the list of the sectors that its own first sector must load."""
    image = bytearray(core)
    sectors = -(-len(core) // _SECTOR)
    struct.pack_into("<QH", image, _BLOCKLIST_OFFSET, core_sector + 1, sectors - 1)
    return bytes(image)


def _write_through(device: BinaryIO, offset: int, data: bytes) -> None:
    device.seek(offset)
    device.write(data)
    device.flush()
    os.fsync(device.fileno())
