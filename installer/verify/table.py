"""The partitions of a disk that may be damaged, or made to harm.

sfdisk reads them, in a process of its own: no table ends more than that. (libparted ends the whole
program over some of them.)
"""

from __future__ import annotations

import json
import re
import stat
from dataclasses import dataclass
from pathlib import Path

from installer.errors import CommandFailed
from installer.run import Runner

_SECONDS = 60.0
_REPAIR = "Repair it (`sgdisk --verify` says what is wrong), or mount the host and give --root."
_PROTECTIVE = "ee"  # in a DOS table: the disk has a GPT
_NUMBER = re.compile(r"p?([0-9]{1,4})")
_MOST_BYTES = 1 << 62


@dataclass(frozen=True, slots=True, kw_only=True)
class DiskPartition:
    """A partition: ``start`` and ``size`` are bytes; the type and the GUID are in lower case."""

    number: int
    start: int
    size: int
    sector: int = 512
    type_id: str = ""
    guid: str = ""


def disk_partitions(runner: Runner, disk: Path) -> tuple[DiskPartition, ...]:
    """The partitions of a disk, or of an image of one, which is only read.

    :raises CommandFailed: there are none, or the table cannot be read.
    """
    kind = disk.stat().st_mode
    if not (stat.S_ISREG(kind) or stat.S_ISBLK(kind)):
        raise CommandFailed(f"{disk}: it is neither a disk nor an image of one")
    try:
        text = runner.run(["sfdisk", "--json", str(disk)], timeout=_SECONDS)
        table = json.loads(text, strict=False)["partitiontable"]
        sector = int(table.get("sectorsize", 512))
        found = tuple(
            partition
            for entry in table.get("partitions", ())
            if (partition := _partition(entry, disk, sector)) is not None
        )
    except CommandFailed as error:
        if "does not contain a recognized partition table" in error.hint:
            hint = "Mount it, and give --root."
            raise CommandFailed(f"{disk}: there are no partitions on it", hint) from error
        text = f"{disk}: its partition table cannot be read: {error.hint}"
        raise CommandFailed(text, _REPAIR) from error
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise CommandFailed(f"{disk}: its partition table cannot be read", _REPAIR) from error
    if not found and any(each.get("type") == _PROTECTIVE for each in table.get("partitions", ())):
        raise CommandFailed(f"{disk}: both copies of its partition table are damaged", _REPAIR)
    if not found:
        raise CommandFailed(f"{disk}: there are no partitions on it", "Mount it, and give --root.")
    return found


def _partition(entry: dict[str, str | int], disk: Path, sector: int) -> DiskPartition | None:
    number = _NUMBER.fullmatch(str(entry["node"]).removeprefix(str(disk)))
    kind = str(entry.get("type", "")).lower()
    start, size = int(entry["start"]) * sector, int(entry["size"]) * sector
    if number is None or kind == _PROTECTIVE or not 0 < start < start + size < _MOST_BYTES:
        return None
    guid = str(entry.get("uuid", "")).lower()
    return DiskPartition(
        number=int(number[1]), start=start, size=size, sector=sector, type_id=kind, guid=guid
    )
