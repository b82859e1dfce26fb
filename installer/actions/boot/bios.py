"""The step that makes a disk start on BIOS firmware: GRUB in the boot sector and its partition.

``grub-install`` wants to find the disk's devices by itself, which an image file does not have. So
GRUB's own ``grub-mkimage`` builds the core image, and this module puts the two pieces where
``grub-bios-setup`` would.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from installer.actions.context import Context
from installer.boot.bios_grub import SECTOR, boot_sector_code, core_image
from installer.boot.layout import DEBIAN
from installer.errors import CommandFailed
from installer.filesystems import filesystem_type

_DIRECTORY = DEBIAN.bios_path
_MODULES = DEBIAN.bios_modules


@dataclass(frozen=True, slots=True, kw_only=True)
class PrepareBiosGrub:
    """Put GRUB's modules into the new root and build its core image with the host's own GRUB.

    ``filesystem`` (its kind), ``uuid`` and ``folder`` (``/boot`` as seen from its top) say where
    the core image finds its modules and its menu; ``arrays`` whether that is on an array.
    """

    filesystem: str
    uuid: str
    folder: str
    arrays: bool = False
    weight: float = 2.0

    def describe(self) -> str:
        """See :class:`~installer.actions.action.Action`."""
        return f"build GRUB for BIOS in {_DIRECTORY}, its menu on {self.filesystem} {self.uuid}"

    def check(self, context: Context) -> None:
        """Nothing to look at before the root is there."""

    def run(self, context: Context) -> None:
        """Build it."""
        prefix = f"{self.folder}/{DEBIAN.grub_directory}"
        for module in sorted(context.root.followed(_MODULES).iterdir()):
            if module.is_file() and not module.is_symlink():
                context.root.write(f"{_DIRECTORY}/{module.name}", module.read_bytes())
        start = f"search.fs_uuid {self.uuid} root\nset prefix=($root)'{prefix}'\n"
        context.root.write(f"{_DIRECTORY}/{DEBIAN.bios_start}", start.encode())
        reader = filesystem_type(self.filesystem).grub_module
        modules = ["part_gpt", "part_msdos", "search_fs_uuid", reader]
        modules += ["mdraid1x"] if self.arrays else []
        context.runner.run(
            [
                "chroot",
                str(context.target),
                "grub-mkimage",
                f"--format={DEBIAN.bios_platform}",
                f"--directory={_MODULES}",
                f"--prefix={prefix}",
                f"--config={_DIRECTORY}/{DEBIAN.bios_start}",
                f"--output={_DIRECTORY}/core.img",
                "biosdisk",
                "normal",
                "configfile",
                *modules,
            ]
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbedBiosGrub:
    """Write the core image into its place, then the first stage into sector 0.

    ``start`` and ``size`` (bytes) are those of the BIOS boot partition, or of what a DOS table
    leaves free behind itself. From here on the disk boots.
    """

    disk: str
    start: int
    size: int
    weight: float = 0.5

    def describe(self) -> str:
        """See :class:`~installer.actions.action.Action`."""
        return f"write GRUB for BIOS to {self.disk}: its core image, and the boot sector"

    def check(self, context: Context) -> None:
        """Nothing to look at before the core image is there."""

    def run(self, context: Context) -> None:
        """Write the core image, then what loads it."""
        core = context.root.followed(f"{_DIRECTORY}/core.img").read_bytes()
        boot = context.root.followed(f"{_DIRECTORY}/boot.img").read_bytes()
        if len(core) > self.size:
            raise CommandFailed(f"GRUB's core image has {len(core)} bytes, its place {self.size}")
        sector = self.start // SECTOR
        with Path(context.node(self.disk)).open("r+b") as device:
            _write_through(device, self.start, core_image(core, sector))
            _write_through(device, 0, boot_sector_code(boot, sector))


def _write_through(device: BinaryIO, offset: int, data: bytes) -> None:
    device.seek(offset)
    device.write(data)
    device.flush()
    os.fsync(device.fileno())
