"""The two pieces of GRUB that a BIOS starts, and what is patched into them.

The offsets are those of GRUB's ``include/grub/i386/pc/boot.h``
(https://git.savannah.gnu.org/cgit/grub.git/tree/include/grub/i386/pc/boot.h).
"""

from __future__ import annotations

import struct

SECTOR = 512
BOOT_CODE_SIZE = 440  # of the boot sector; the partition table follows
KERNEL_SECTOR_OFFSET = 0x5C
_DRIVE_CHECK_OFFSET = 0x66
_BLOCKLIST_OFFSET = SECTOR - 12


def boot_sector_code(boot_image: bytes, core_sector: int) -> bytes:
    """The code for sector 0 that loads the core image from ``core_sector``; the table stays."""
    code = bytearray(boot_image[:BOOT_CODE_SIZE])
    struct.pack_into("<Q", code, KERNEL_SECTOR_OFFSET, core_sector)
    # Two no-operations: trust the BIOS to say which drive it starts only where it is right, as
    # grub-bios-setup does for every hard disk.
    struct.pack_into("<H", code, _DRIVE_CHECK_OFFSET, 0x9090)
    return bytes(code)


def core_image(core: bytes, core_sector: int) -> bytes:
    """The core image with the list of the sectors that its own first sector must load."""
    image = bytearray(core)
    sectors = -(-len(core) // SECTOR)
    struct.pack_into("<QH", image, _BLOCKLIST_OFFSET, core_sector + 1, sectors - 1)
    return bytes(image)
