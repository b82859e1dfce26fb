"""A disk's partition table, as libparted reads it: the one module that knows pyparted.

``sfdisk`` writes the tables. They are read back here through another library, and the GUIDs from
the disk's own bytes, so that one program's mistake does not vouch for itself.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import _ped
import parted

from installer.errors import CommandFailed
from installer.machine.partition_table import Region, Table, TableEntry

# UEFI specification 2.10, sections 5.3.2 and 5.3.3.
_GPT_SIGNATURE = b"EFI PART"
_GPT_HEADER = struct.Struct("<8s4s4s4s4sQQQQ16sQLL")
_GPT_ENTRY_GUIDS = struct.Struct("<16s16s")
_GPT_ENTRY = struct.Struct("<16s16sQQ80x")
_LEAST_BYTES = 1 << 16
_GPT_BACKUP_SECTORS = 33  # at the end of the disk, with 128 entries and sectors of 512 bytes
_MOST_GPT_BYTES = 1 << 20  # libparted and sfdisk write 16 KiB of entries
_MBR_ID = slice(440, 444)
_MBR_ENTRIES = 446
_MBR_ENTRY_SIZE = 16
_MBR_TYPE_OFFSET = 4
_MBR_PRIMARIES = 4
# They have no ancestor of their own in common.
_PARTED_ERRORS = (
    _ped.DeviceException,
    _ped.DiskException,
    _ped.DiskLabelException,
    _ped.GeometryException,
    _ped.IOException,
    _ped.PartedException,
    _ped.PartitionException,
)
_NAMES = {"msdos": "dos"}  # util-linux's word, which lsblk and sfdisk use


def parted_table(path: str | Path) -> Table:
    """The partition table of a device or of an image file, which is not changed.

    :raises CommandFailed: the file cannot be read, or its table is damaged.
    """
    try:
        _require_sane(Path(path))
        device = parted.getDevice(str(path))
        try:
            return _read(device, Path(path))
        finally:
            # libparted remembers a device, and its size, by its path. It is only forgotten, not
            # freed: pyparted's objects still point to it until Python has collected them.
            device.removeFromCache()
    except (*_PARTED_ERRORS, OSError) as error:
        raise CommandFailed(
            f"{path}: its partition table cannot be read: {error}",
            "Look whether the disk is in order, and wipe its table if nothing on it is needed.",
        ) from error


def _read(device: parted.Device, path: Path) -> Table:
    sector: int = device.sectorSize
    alignment = device.optimumAlignment.grainSize * sector
    with path.open("rb") as file:
        start = file.read(2 * sector)
    kind = _kind(device)
    if not kind:
        size = (device.length - _GPT_BACKUP_SECTORS) * sector
        free = _aligned([Region(start=0, size=size)], alignment)
        return Table(kind="", sector=sector, alignment=alignment, free=free)
    disk = parted.newDisk(device)
    guid, ids = _identities(path, kind, start)
    return Table(
        kind=_NAMES.get(kind, kind),
        guid=guid,
        sector=sector,
        alignment=alignment,
        partitions=tuple(_entries(disk, sector, ids)),
        free=_aligned(
            [
                Region(start=region.start * sector, size=region.length * sector)
                for region in disk.getFreeSpaceRegions()
            ],
            alignment,
        ),
    )


def _require_sane(path: Path) -> None:
    """Look at what libparted believes: it ends the whole program over numbers that cannot be.

    :raises OSError: they cannot be.
    """
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        if size < _LEAST_BYTES:
            raise OSError("it is too small for a partition table")
        for sector in (512, 4096):
            file.seek(sector)
            header = _GPT_HEADER.unpack(file.read(_GPT_HEADER.size))
            if header[0] != _GPT_SIGNATURE:
                continue
            first, last, entries_at, count, entry_size = *header[7:9], *header[10:13]
            length = count * entry_size
            fits = first <= last < size // sector and entries_at < size // sector
            if not fits or entry_size < _GPT_ENTRY.size or length > _MOST_GPT_BYTES:
                raise OSError("the first copy of the GPT is damaged")
            file.seek(entries_at * sector)
            _require_sane_entries(file.read(length), entry_size, first, last)


def _require_sane_entries(entries: bytes, entry_size: int, first: int, last: int) -> None:
    for offset in range(0, len(entries) - entry_size + 1, entry_size):
        kind, _, start, end = _GPT_ENTRY.unpack_from(entries, offset)
        if any(kind) and not first <= start <= end <= last:
            raise OSError("the first copy of the GPT is damaged")


def _kind(device: parted.Device) -> str:
    """The table's kind, "" when the device has none."""
    try:
        kind: str = device.getPedDevice().disk_probe().name
    except _ped.IOException:  # libparted's one answer; bytes that cannot be read were found before
        return ""
    # A filesystem right on the disk is, to libparted, a table with one partition.
    return "" if kind == "loop" else kind


def _entries(
    disk: parted.Disk, sector: int, ids: dict[int, tuple[str, str]]
) -> Iterator[TableEntry]:
    named = disk.supportsFeature(parted.DISK_TYPE_PARTITION_NAME)
    for partition in disk.partitions:
        type_id, guid = ids.get(partition.number, ("", ""))
        yield TableEntry(
            number=partition.number,
            start=partition.geometry.start * sector,
            size=partition.geometry.length * sector,
            type_id=type_id,
            guid=guid,
            name=partition.name or "" if named else "",
            flags=tuple(flag for flag in partition.getFlagsAsString().split(", ") if flag),
        )


def _aligned(regions: list[Region], alignment: int) -> tuple[Region, ...]:
    """The aligned inner parts of the regions; the first grain of the disk is the table's."""
    inner = []
    for region in regions:
        start = max(-(-region.start // alignment), 1) * alignment
        end = (region.start + region.size) // alignment * alignment
        if end > start:
            inner.append(Region(start=start, size=end - start))
    return tuple(inner)


def _identities(path: Path, kind: str, start: bytes) -> tuple[str, dict[int, tuple[str, str]]]:
    """The table's GUID or ID, and (type, GUID) of each partition, from the bytes on the disk.

    ``start`` is the disk's first two sectors. libparted tells neither before its release 3.6, and
    a partition's own GUID not at all.
    """
    match kind:
        case "gpt":
            return _gpt_identities(path, start)
        case "msdos":
            return f"0x{int.from_bytes(start[_MBR_ID], 'little'):08x}", _dos_ids(start)
        case _:
            return "", {}


def _gpt_identities(path: Path, start: bytes) -> tuple[str, dict[int, tuple[str, str]]]:
    sector = len(start) // 2
    header = _GPT_HEADER.unpack_from(start, sector)
    entries_at, count, entry_size = header[10:13]
    if header[0] != _GPT_SIGNATURE or count * entry_size > _MOST_GPT_BYTES:
        raise OSError("the first copy of the GPT is damaged")
    with path.open("rb") as file:
        file.seek(entries_at * sector)
        return _guid(header[9]), _gpt_ids(file.read(count * entry_size), entry_size)


def _gpt_ids(entries: bytes, entry_size: int) -> dict[int, tuple[str, str]]:
    ids = {}
    for number, offset in enumerate(range(0, len(entries), entry_size), start=1):
        type_guid, guid = _GPT_ENTRY_GUIDS.unpack_from(entries, offset)
        if any(type_guid):
            ids[number] = (_guid(type_guid), _guid(guid))
    return ids


def _dos_ids(sector: bytes) -> dict[int, tuple[str, str]]:
    types = {
        number: sector[_MBR_ENTRIES + _MBR_ENTRY_SIZE * (number - 1) + _MBR_TYPE_OFFSET]
        for number in range(1, _MBR_PRIMARIES + 1)
    }
    return {number: (hex(kind), "") for number, kind in types.items() if kind}


def _guid(raw: bytes) -> str:
    return str(UUID(bytes_le=raw))
