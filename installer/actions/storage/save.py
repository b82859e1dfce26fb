"""The step that makes the first writes to a disk reversible, until the first filesystem is made."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from installer.actions.context import Context
from installer.actions.storage.disk import needs_loops, take_table_away
from installer.errors import CommandFailed
from installer.events import Message
from installer.sizes import MIB
from installer.system.private import new_private_file, private_directory
from installer.system.program_output import json_rows, number_in

# Everything that libblkid knows, and that wipefs and sfdisk therefore erase, is in these parts of a
# device: the last copy of a LUKS2 header is 4 MiB after the beginning, a Promise RAID's metadata
# 1.5 MiB before the end. Both copies of a partition table are in them as well.
_HEAD = 5 * MIB
_TAIL = 2 * MIB
_BLOCK = MIB // 16
_ZEROS = bytes(_BLOCK)

# The first byte and the one after the last.
Range = tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Area:
    """A part of a disk whose ends will be written to, in bytes; ``node`` is its device, if any."""

    start: int
    size: int
    node: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SaveDisk:
    """Copy what the next steps change on a disk into memory; a failure then puts it back.

    ``areas`` are the disk itself, its old partitions and the new ones. With ``keeps`` there are
    partitions of others on it: its table is left even if it cannot be put back.
    """

    disk: str
    size: int
    areas: tuple[Area, ...]
    keeps: bool = False
    weight: float = 0.5

    def describe(self) -> str:
        """See :class:`~installer.actions.action.Action`."""
        return f"save the table and the signatures of {self.disk}, to put them back on a failure"

    def check(self, context: Context) -> None:
        """Nothing to look at: when there is no room, nothing has been written yet."""

    def run(self, context: Context) -> None:
        """Copy it, and remember to put it back."""
        store = context.work / f"saved-{Path(self.disk).name}"
        found = [*ends(self.areas), *_links(self.areas), *_signatures(context, self.areas)]
        ranges = merged(found, self.size)
        context.saved.append(store)
        context.on_failure(
            f"put back what was on {self.disk}",
            lambda: self._put_back(context, store, ranges),
        )
        with contextlib.suppress(CommandFailed):  # no table, or one that sfdisk does not know
            context.runner.run(["sfdisk", "--dump", self.disk])  # for whoever reads the log
        store.unlink(missing_ok=True)
        private_directory(context.work)
        new_private_file(store).close()
        os.truncate(store, self.size)
        copy_ranges(self.disk, store, ranges, holes=True)

    def _put_back(self, context: Context, store: Path, ranges: tuple[Range, ...]) -> None:
        """Make the disk what it was, unless nothing was changed yet or it is too late for that."""
        try:
            if self.disk in context.altered and not context.formatted:
                self._copy_back(context, store, ranges)
        finally:
            store.unlink(missing_ok=True)

    def _copy_back(self, context: Context, store: Path, ranges: tuple[Range, ...]) -> None:
        try:
            copy_ranges(store, self.disk, ranges)
        except OSError:
            if not self.keeps:
                take_table_away(context, self.disk)
            raise
        context.altered.discard(self.disk)
        _show_partitions(context, self.disk)


def ends(areas: Iterable[Area]) -> Iterator[Range]:
    """The parts of the areas that any known signature lies in."""
    for area in areas:
        end = area.start + area.size
        yield area.start, min(end, area.start + _HEAD)
        yield max(area.start, end - _TAIL), end


def merged(ranges: Iterable[Range], size: int) -> tuple[Range, ...]:
    """The same bytes in as few ranges as can be, none beyond ``size``."""
    found: list[Range] = []
    for start, end in sorted((max(0, start), min(size, end)) for start, end in ranges):
        if found and start <= found[-1][1]:
            found[-1] = found[-1][0], max(end, found[-1][1])
        elif start < end:
            found.append((start, end))
    return tuple(found)


def copy_ranges(
    source: str | Path, target: str | Path, ranges: Iterable[Range], *, holes: bool = False
) -> None:
    """Copy these bytes from one file or device to the same places of another, and sync it.

    With ``holes`` the target is a new file: zeros are not written, and take no memory.

    :raises OSError: reading or writing failed.
    """
    with Path(source).open("rb") as reader, Path(target).open("r+b") as writer:
        for start, end in ranges:
            for offset in range(start, end, _BLOCK):
                reader.seek(offset)
                block = reader.read(min(_BLOCK, end - offset))
                if not holes or not _ZEROS.startswith(block):
                    writer.seek(offset)
                    writer.write(block)
        writer.flush()
        os.fsync(writer.fileno())


def _links(areas: Iterable[Area]) -> Iterator[Range]:
    """Where a DOS table has its links: before each logical partition, at most this far away."""
    for area in areas:
        yield area.start - MIB, area.start


def _signatures(context: Context, areas: Iterable[Area]) -> Iterator[Range]:
    """Where wipefs would erase something, should that be anywhere else."""
    command = ["wipefs", "--no-act", "--json", "--output", "OFFSET,LENGTH"]
    for area in areas:
        text = context.runner.run([*command, area.node]) if area.node else ""
        for each in json_rows("wipefs", text, "signatures") if text.strip() else ():
            start = area.start + number_in(each, "offset")
            yield start, start + number_in(each, "length")


def _show_partitions(context: Context, disk: str) -> None:
    """Let the kernel read the old table again."""
    if needs_loops(disk):
        return
    try:
        context.runner.run(["udevadm", "settle"])
        context.runner.run(["blockdev", "--rereadpt", disk])
    except CommandFailed as error:
        text = f"{disk} is as it was; its partitions are seen after a restart: {error}"
        context.emit(Message(level="warning", text=text))
