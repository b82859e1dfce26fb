"""The partitions of a disk that may be damaged, or made to harm.

sfdisk reads them, in a process of its own: no table ends more than that. (libparted ends the whole
program over some of them.)
"""

from __future__ import annotations

import json
import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path

from installer.errors import CommandFailed
from installer.sizes import format_size
from installer.system.runner import Runner
from installer.verify.finding import Finding, bad, note
from installer.verify.gpt import GptCopies, gpt_copies

_SECONDS = 60.0
_TABLE = "the partition table"
_REPAIR = "Repair it (`sgdisk --verify` says what is wrong), or mount the host and give --root."
_RESTORE = "Write it again from the whole copy: `sfdisk --dump DISK >table; sfdisk DISK <table`."
_NO_TABLE = (
    "The firmware finds nothing to start. A host without partitions can be mounted and given as "
    "--root; else install again."
)
_CUT = "Copy the image again, as a whole."
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


@dataclass(frozen=True, slots=True, kw_only=True)
class DiskTable:
    """The partitions of a disk, and what is wrong with their table.

    ``torn`` says that the first copy of a GPT is damaged, and the one at the end was read.
    """

    partitions: tuple[DiskPartition, ...] = ()
    findings: tuple[Finding, ...] = ()
    torn: bool = False


def disk_table(runner: Runner, disk: Path) -> DiskTable:
    """The partitions of a disk, or of an image of one, which is only read.

    :raises CommandFailed: it is no disk, or it cannot be read.
    """
    kind = disk.stat().st_mode
    if not (stat.S_ISREG(kind) or stat.S_ISBLK(kind)):
        raise CommandFailed(f"{disk}: it is neither a disk nor an image of one")
    try:
        text = runner.run(["sfdisk", "--json", str(disk)], timeout=_SECONDS)
        table = json.loads(text, strict=False)["partitiontable"]
        sector = int(table.get("sectorsize", 512))
        kinds = {str(each.get("type", "")).lower() for each in table.get("partitions", ())}
        found = tuple(
            partition
            for entry in table.get("partitions", ())
            if (partition := _partition(entry, disk, sector)) is not None
        )
        if str(table.get("label")) != "gpt" and _PROTECTIVE not in kinds:
            return _judged(found, size=_size(disk))
        return _judged(found, size=_size(disk), copies=gpt_copies(disk, sector))
    except OSError as error:
        raise CommandFailed(f"{disk}: {error.strerror}", "The disk is faulty.") from error
    except CommandFailed as error:
        if "does not contain a recognized partition table" in error.hint:
            return DiskTable(findings=(bad(_TABLE, "there is none", _NO_TABLE),))
        text = f"{disk}: its partition table cannot be read: {error.hint}"
        raise CommandFailed(text, _REPAIR) from error
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return DiskTable(findings=(bad(_TABLE, "it cannot be read", _REPAIR),))


def torn_findings(table: DiskTable, *, bios: bool) -> tuple[Finding, ...]:
    """What the damage of a GPT's first copy means for a start by BIOS, and by EFI."""
    if not table.torn:
        return ()
    if bios:
        text = "its first copy is damaged, and GRUB reads no other when a BIOS starts it"
        return (bad(_TABLE, text, _RESTORE),)
    text = "its first copy is damaged; EFI firmware restores it from the one at the end of the disk"
    return (note(_TABLE, text, _RESTORE),)


def _judged(
    found: tuple[DiskPartition, ...], *, size: int, copies: GptCopies | None = None
) -> DiskTable:
    """The table with what is wrong with it as a whole."""
    if copies is not None and copies.described > size:
        text = (
            f"it describes a disk of {format_size(copies.described)}, and this one ends after "
            f"{format_size(size)}"
        )
        return DiskTable(partitions=found, findings=(bad(_TABLE, text, _CUT),))
    if not found:
        gone = copies is not None and not (copies.primary or copies.backup)
        text = "both copies of it are damaged or gone" if gone else "it has no partitions"
        return DiskTable(findings=(bad(_TABLE, text, _REPAIR if gone else _NO_TABLE),))
    findings = [
        bad(f"partition {each.number}", "it reaches beyond the end of the disk", _CUT)
        for each in found
        if each.start + each.size > size
    ]
    if copies is not None and copies.primary and not copies.backup:
        findings.append(note(_TABLE, "its copy at the end of the disk is damaged", _RESTORE))
    torn = copies is not None and not copies.primary
    return DiskTable(partitions=found, findings=tuple(findings), torn=torn)


def _size(disk: Path) -> int:
    with disk.open("rb") as file:
        return file.seek(0, os.SEEK_END)


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
