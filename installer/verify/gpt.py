"""The two copies of a GPT, each judged by itself: sfdisk uses either without saying so.

UEFI specification 2.11, section 5.3: header and entries have a checksum each; the first copy is in
the second sector, the other at the end of the disk.
"""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

_SIGNATURE = b"EFI PART"
# Signature, revision, header's size and checksum, reserved; this and the other copy's place, first
# and last usable sector; GUID; the entries' place, count, size and checksum.
_HEADER = struct.Struct("<8sIIIIQQQQ16sQIII")
_CHECKSUM_AT = 16
_MOST_ENTRIES = 1 << 20  # bytes; tables have 16 KiB

# Gives that many bytes from that place of the disk; fewer where it ends.
_Read = Callable[[int, int], bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class GptCopies:
    """What of a GPT is whole; ``described`` are the bytes of the disk by the first copy's header.

    That is 0 where the header is damaged.
    """

    primary: bool
    backup: bool
    described: int


def gpt_copies(disk: Path, sector: int) -> GptCopies:
    """The copies on a disk or in an image.

    :raises OSError: it cannot be read.
    """
    with disk.open("rb") as file:
        last = file.seek(0, os.SEEK_END) // sector - 1

        def read(at: int, size: int) -> bytes:
            file.seek(at)
            return file.read(size)

        first = _header(read, 1, sector)
        backup = _header(read, last, sector) if last > 1 else None
        if backup is None and first is not None and first.other < last:
            backup = _header(read, first.other, sector)  # the disk has grown since
        return GptCopies(
            primary=first is not None and first.has_entries,
            backup=backup is not None and backup.has_entries,
            described=0 if first is None else (max(first.other, first.last_usable) + 1) * sector,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Header:
    other: int
    last_usable: int
    has_entries: bool


def _header(read: _Read, place: int, sector: int) -> _Header | None:
    """The header in that sector; None where it is damaged."""
    data = read(place * sector, sector)
    if len(data) < _HEADER.size:
        return None
    (signature, _, size, checksum, _, own, other, _, last_usable, _, entries, count, each,
     entries_checksum) = _HEADER.unpack_from(data)  # fmt: skip
    if signature != _SIGNATURE or own != place or not _HEADER.size <= size <= sector:
        return None
    plain = data[:_CHECKSUM_AT] + bytes(4) + data[_CHECKSUM_AT + 4 : size]
    if zlib.crc32(plain) != checksum:
        return None
    # Larger numbers are none of a disk, and no place that a file could be read from.
    inside = count * each <= _MOST_ENTRIES and entries < 1 << 48
    table = read(entries * sector, count * each) if inside else b""
    return _Header(
        other=min(other, 1 << 48),
        last_usable=min(last_usable, 1 << 48),
        has_entries=bool(table) and zlib.crc32(table) == entries_checksum,
    )
