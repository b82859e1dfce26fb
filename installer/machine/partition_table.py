"""A disk's partition table as data, and how one differs from another that was planned."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """A stretch of a disk that no partition covers. ``start`` and ``size`` are bytes."""

    start: int
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TableEntry:
    """A partition as its table describes it. ``start`` and ``size`` are bytes.

    ``type_id`` is a GUID in lower case (GPT) or a number like ``0x83`` (DOS; "" for a logical
    partition). ``flags`` are libparted's words. DOS tables have neither names nor GUIDs.
    """

    number: int
    start: int
    size: int
    type_id: str = ""
    guid: str = ""
    name: str = ""
    flags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A partition table: ``kind`` is ``gpt``, ``dos`` or another name, "" when there is none.

    ``sector`` and ``alignment`` are bytes: partitions that start at multiples of ``alignment`` are
    fast on this disk. ``free`` lists what is not partitioned, from the first aligned byte on.
    """

    kind: str
    guid: str = ""
    sector: int = 512
    alignment: int = 1 << 20
    partitions: tuple[TableEntry, ...] = ()
    free: tuple[Region, ...] = ()


def table_differences(
    table: Table, expected: Iterable[TableEntry], *, kind: str = "gpt", guid: str = ""
) -> Iterator[str]:
    """Where a table is not what was planned, one line each.

    What ``expected`` leaves empty is not compared: a type, a name, a GUID, flags; nor is the GUID
    of the disk without ``guid``.
    """
    if table.kind != kind:
        yield f"the table is {table.kind or 'missing'}, not {kind}"
        return
    if guid and table.guid != guid.lower():
        yield f"the disk's GUID is {table.guid}, not {guid.lower()}"
    found = {entry.number: entry for entry in table.partitions}
    for entry in expected:
        there = found.pop(entry.number, None)
        if there is None:
            yield f"partition {entry.number} is missing"
        else:
            yield from _entry_differences(entry, there)
    for number in found:
        yield f"partition {number} was not planned"


def _entry_differences(planned: TableEntry, there: TableEntry) -> Iterator[str]:
    pairs: tuple[tuple[str, int | str, int | str], ...] = (
        ("start", planned.start, there.start),
        ("size", planned.size, there.size),
        ("type", planned.type_id.lower(), there.type_id),
        ("GUID", planned.guid.lower(), there.guid),
        ("name", planned.name, there.name),
        ("flags", " ".join(planned.flags), " ".join(there.flags)),
    )
    for what, wanted, read in pairs:
        if wanted not in ("", read):
            yield f"partition {planned.number}: {what} is {read or 'none'}, not {wanted}"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedPartition:
    """A partition to be: ``start`` and ``size`` are bytes, the GUIDs lower-case text.

    ``reference`` is how actions speak of it, ``name`` what a GPT calls it. In a DOS table it has
    neither name nor GUID, ``type_guid`` is a number like ``83``, and one may be ``bootable``.
    """

    reference: str
    number: int
    start: int
    size: int
    type_guid: str
    guid: str = ""
    name: str = ""
    bootable: bool = False
