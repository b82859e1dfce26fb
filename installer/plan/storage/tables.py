"""Partitions on a disk: where each begins, how large it is, which stay as they are."""

from __future__ import annotations

from dataclasses import dataclass, replace

from installer.config.storage import LayoutParts, Partition, PartitionType, Size, Table, TableKind
from installer.filesystems import FILESYSTEMS, filesystem_type, titles
from installer.identifiers import derived_uuid
from installer.machine.facts import Disk
from installer.machine.facts import Partition as PresentPartition
from installer.machine.partition_table import PlannedPartition
from installer.machine.text import disk_text
from installer.plan.storage.model import KeptPartition, PlannedDisk
from installer.plan.storage.share import share
from installer.plan.storage.types import is_overwritten, partition_type, type_id
from installer.sizes import MIB, format_size
from ks_schema.problem import Problem

ALIGNMENT = MIB
_MOST_PRIMARIES = 4
_MOST_GPT = 128
_DOS_LIMIT = 1 << 32  # sectors
_RESIZABLE = titles((each for each in FILESYSTEMS if each.resizing), "and")
_LONGEST_NAME = 36
# The kernel does not tell how far one reaches, so what is free inside and behind it is not known.
_EXTENDED = frozenset({"0x5", "0xf", "0x85"})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Free:
    """A stretch of a disk on which a partition may be made; bytes."""

    start: int
    end: int

    @property
    def size(self) -> int:
        return self.end - self.start


def planned_disk(
    name: str, disk: Disk, parts: LayoutParts, seed: str
) -> PlannedDisk | tuple[Problem, ...]:
    """The disk with its table and partitions, or why they cannot be."""
    asked = tuple(each for each in parts.partitions if each.disk == name)
    table = next((each for each in parts.tables if each.disk == name), None)
    guid = derived_uuid(seed, f"table {name}")
    if not asked and table is None:
        return PlannedDisk(name=name, disk=disk, table=None, guid=guid)
    table = table or Table(disk=name)
    start = PlannedDisk(name=name, disk=disk, table=table.kind, guid=guid, keep=table.keep)
    kept: PlannedDisk | tuple[Problem, ...] = start
    if table.keep:
        kept = _with_kept(start, table, asked, parts)
    if isinstance(kept, tuple):
        return kept
    return _with_new(kept, tuple(each for each in asked if each.existing is None), parts, seed)


def free_stretches(disk: PlannedDisk) -> tuple[tuple[int, int], ...]:
    """Start and size of every aligned stretch that no partition lies on, in order; bytes."""
    return tuple((each.start, each.size) for each in _free(disk))


def _with_kept(
    disk: PlannedDisk, table: Table, asked: tuple[Partition, ...], parts: LayoutParts
) -> PlannedDisk | tuple[Problem, ...]:
    there = {each.number: each for each in disk.disk.partitions}
    kind = {"gpt": TableKind.GPT, "dos": TableKind.DOS}.get(disk.disk.table)
    if kind is None:
        return (
            _problem(
                disk,
                f"/storage/tables/{disk.name}/keep",
                "has no partition table that could be kept",
                'make a new one: the layout whole_disk, or "keep": false in a custom one',
            ),
        )
    if any(each.type_guid in _EXTENDED for each in disk.disk.partitions):
        message = "has an extended partition, beside which nothing can be placed safely"
        return (_problem(disk, f"/storage/tables/{disk.name}/keep", message, "use another disk"),)
    problems = [
        _problem(disk, f"/storage/tables/{disk.name}/delete", f"has no partition {number}",
                 f"it has: {_numbers(disk)}")
        for number in table.delete
        if number not in there
    ]  # fmt: skip
    used = {each.existing: each for each in asked if each.existing is not None}
    problems += [
        _problem(disk, f"/storage/partitions/{each.name}/existing",
                 f"has no partition {number}", f"it has: {_numbers(disk)}")
        for number, each in used.items()
        if number not in there
    ]  # fmt: skip
    if problems:
        return tuple(problems)
    kept = tuple(
        KeptPartition(
            partition=each,
            reference=f"partition/{used[each.number].name}" if each.number in used else "",
            overwritten=each.number in used and is_overwritten(used[each.number].name, parts),
        )
        for each in disk.disk.partitions
        if each.number not in table.delete
    )
    deleted = tuple(there[number] for number in table.delete)
    changed = replace(disk, table=kind, kept=kept, deleted=deleted)
    for partition in used.values():
        if partition.size is not None:
            resized = _with_resized(changed, partition)
            if isinstance(resized, Problem):
                return (resized,)
            changed = resized
    return changed


def _with_resized(disk: PlannedDisk, asked: Partition) -> PlannedDisk | Problem:
    """The disk with one partition shrunk or grown."""
    pointer = f"/storage/partitions/{asked.name}/size"
    there = next(each for each in disk.kept if each.partition.number == asked.existing)
    partition = there.partition
    if not there.overwritten and filesystem_type(partition.filesystem).resizing is None:
        what = partition.filesystem or "unrecognized data"
        hint = f"leave its size as it is; {_RESIZABLE} can be resized"
        return _problem(disk, pointer, f"has {what} on partition {partition.number}", hint)
    room = _room_behind(disk, partition)
    # Old tools did not align partitions: in whole MiB, all there is could be less than there was.
    sizes = share(partition.size + room, (asked.size or Size(),), disk.disk.logical_sector)
    if isinstance(sizes, int):
        message = f"has room for {format_size(partition.size + room)} there"
        return _problem(disk, pointer, message, "ask for less")
    (size,) = sizes
    shrunk = size < partition.size and not there.overwritten
    if shrunk and not 0 < partition.minimum <= size:
        least = format_size(partition.minimum) if partition.minimum else "not known"
        message = f"cannot shrink partition {partition.number} to {format_size(size)}"
        hint = f"the least that its {partition.filesystem} needs is {least}"
        return _problem(disk, pointer, message, hint)
    if size == partition.size:
        return disk
    kept = tuple(replace(each, new_size=size) if each is there else each for each in disk.kept)
    return replace(disk, kept=kept)


def _room_behind(disk: PlannedDisk, partition: PresentPartition) -> int:
    end = partition.start + partition.size
    behind = (each for each in _free(disk) if each.start - ALIGNMENT < end <= each.start)
    return sum(each.end - end for each in behind)


def _with_new(
    disk: PlannedDisk, asked: tuple[Partition, ...], parts: LayoutParts, seed: str
) -> PlannedDisk | tuple[Problem, ...]:
    if not asked:
        return disk
    pointer = f"/storage/partitions/{asked[0].name}" if parts.partitions else "/storage"
    numbers = _free_numbers(disk, len(asked))
    if numbers is None:
        message = "has no room for so many partitions in its table"
        return (_problem(disk, pointer, message, "make fewer, or use a gpt table"),)
    if disk.table is TableKind.DOS:
        for each in asked:
            if not isinstance(partition_type(each, parts), PartitionType):
                where = f"/storage/partitions/{each.name}/type"
                message = "has a dos table, which knows no type GUIDs"
                return (_problem(disk, where, message, "use the name of a type"),)
    free = max(_free(disk), key=lambda each: each.size, default=_Free(start=0, end=0))
    sizes = share(free.size, [each.size or Size() for each in asked], ALIGNMENT)
    if isinstance(sizes, int):
        where = "free in one piece" if disk.keep else "to divide"
        message = f"is too small: it has {format_size(free.size)} {where}"
        hint = f"{format_size(sizes)} more would be needed: use a larger disk, or ask for less"
        return (_problem(disk, pointer, message, hint),)
    made: list[PlannedPartition] = []
    start = free.start
    for number, partition, size in zip(numbers, asked, sizes, strict=True):
        kind = partition_type(partition, parts)
        made.append(
            PlannedPartition(
                number=number,
                start=start,
                size=size,
                type_guid=type_id(kind, disk.table or TableKind.GPT),
                guid=derived_uuid(seed, f"partition {partition.name}"),
                name=f"photon-{partition.name}"[:_LONGEST_NAME],
                reference=f"partition/{partition.name}",
                # There are BIOSes that start no disk without an active partition.
                bootable=disk.table is TableKind.DOS and not disk.keep and number == 1,
            )
        )
        start += size
    return replace(disk, partitions=tuple(made))


def _free(disk: PlannedDisk) -> tuple[_Free, ...]:
    """What is free between the partitions that stay. The first and last MiB are the table's."""
    end = disk.disk.size // ALIGNMENT * ALIGNMENT - ALIGNMENT
    if disk.table is TableKind.DOS:
        end = min(end, _DOS_LIMIT * disk.disk.logical_sector // ALIGNMENT * ALIGNMENT)
    free: list[_Free] = []
    start = ALIGNMENT
    for each in sorted(disk.kept, key=lambda kept: kept.partition.start):
        size = each.partition.size if each.new_size is None else each.new_size
        free.append(_Free(start=start, end=each.partition.start // ALIGNMENT * ALIGNMENT))
        start = max(start, -(-(each.partition.start + size) // ALIGNMENT) * ALIGNMENT)
    free.append(_Free(start=start, end=end))
    return tuple(each for each in free if each.size >= ALIGNMENT)


def _free_numbers(disk: PlannedDisk, count: int) -> tuple[int, ...] | None:
    most = _MOST_GPT if disk.table is TableKind.GPT else _MOST_PRIMARIES
    taken = {each.partition.number for each in disk.kept}
    free = [number for number in range(1, most + 1) if number not in taken]
    return tuple(free[:count]) if len(free) >= count else None


def _numbers(disk: PlannedDisk) -> str:
    return ", ".join(str(each.number) for each in disk.disk.partitions) or "none"


def _problem(disk: PlannedDisk, pointer: str, message: str, hint: str) -> Problem:
    return Problem(pointer=pointer, message=f"{disk_text(disk.disk)} {message}", hint=hint)
