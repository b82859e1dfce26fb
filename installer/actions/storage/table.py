"""The step that changes the partition table of a disk on which other partitions stay."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from installer.actions.context import Context
from installer.actions.storage.disk import (
    DOS,
    describe_partitions,
    needs_loops,
    planned_entry,
    require_unused,
    sfdisk_line,
)
from installer.actions.storage.save import Area, ends, merged
from installer.errors import CommandFailed
from installer.machine.disk_table import read_table, verify_table
from installer.machine.partition_table import PlannedPartition, Table, TableEntry
from installer.sizes import format_size

_FIRST_LOGICAL = 5
_ENTRY = re.compile(r"^.*?(\d+) : start=")
_SIZE = re.compile(r"\bsize= *\d+")


@dataclass(frozen=True, slots=True, kw_only=True)
class AlterTable:
    """Delete, resize and add partitions; what lies in the others is not touched.

    ``delete`` has numbers, ``resize`` numbers with new sizes in bytes. ``held`` says that something
    lies on the disk now which will have been stopped by then. The new table is written at once, so
    that the disk has either the old one or the new one.
    """

    disk: str
    sector: int
    partitions: tuple[PlannedPartition, ...]
    delete: tuple[int, ...] = ()
    resize: tuple[tuple[int, int], ...] = ()
    held: bool = False
    weight: float = 1.0

    def describe(self) -> str:
        """See :class:`~installer.actions.action.Action`."""
        steps = [f"delete {number}" for number in self.delete]
        steps += [f"resize {number} to {format_size(size)}" for number, size in self.resize]
        if self.partitions:
            steps.append(f"add {describe_partitions(self.partitions)}")
        return f"change the partition table of {self.disk}: {'; '.join(steps)}"

    def check(self, context: Context) -> None:
        """The disk can be opened for this process alone, and its table can be changed like this."""
        del context
        if not self.held:
            require_unused(self.disk)
        self._require_possible(read_table(self.disk))

    def run(self, context: Context) -> None:
        """Make the new areas plain, write the table, and read it back through another program.

        The areas come first: with the new table the kernel shows the partitions, and whoever finds
        an old signature in one begins to use it.
        """
        require_unused(self.disk)
        before = read_table(self.disk)
        self._require_possible(before)
        script = altered_script(context.runner.run(["sfdisk", "--dump", self.disk]), self)
        # It refuses what overlaps: before anything of that is made plain.
        context.runner.run(["sfdisk", "--no-act", self.disk], stdin=script)
        context.alter(self.disk)
        self._clear_new_areas()
        silent = ["--no-tell-kernel"] if needs_loops(self.disk) else []
        wipe = ["--wipe=never", "--wipe-partitions=never", "--lock=yes"]
        context.runner.run(["sfdisk", *silent, *wipe, self.disk], stdin=script)
        verify_table(self.disk, self._wanted(before), kind=before.kind)

    def _require_possible(self, before: Table) -> None:
        numbers = {each.number for each in before.partitions}
        if missing := {*self.delete, *(number for number, _ in self.resize)} - numbers:
            raise CommandFailed(
                f"{self.disk}: it has no partition {', '.join(map(str, sorted(missing)))}",
                "It is not the disk that it was when the installation was planned.",
            )
        # Logical partitions are a chain: without a link, those behind it get other numbers.
        first = min((each for each in self.delete if each >= _FIRST_LOGICAL), default=None)
        moved = [each for each in numbers.difference(self.delete) if first and each > first]
        if before.kind == DOS and moved:
            raise CommandFailed(
                f"{self.disk}: partition {min(moved)} would get another number",
                f"Delete it as well, or keep partition {first}.",
            )

    def _wanted(self, before: Table) -> Iterator[TableEntry]:
        """The entries of the table to be."""
        sizes = dict(self.resize)
        for entry in before.partitions:
            if entry.number not in self.delete:
                yield replace(entry, size=sizes.get(entry.number, entry.size))
        yield from (planned_entry(each, before.kind) for each in self.partitions)

    def _clear_new_areas(self) -> None:
        areas = [Area(start=each.start, size=each.size) for each in self.partitions]
        with Path(self.disk).open("r+b") as device:
            for start, end in merged(ends(areas), device.seek(0, os.SEEK_END)):
                device.seek(start)
                device.write(bytes(end - start))
            device.flush()
            os.fsync(device.fileno())


def altered_script(dump: str, change: AlterTable) -> str:
    """sfdisk's dump of a table as the script of the new one.

    The lines of what stays are kept as they are. ``last-lba`` is not among them: on a disk that has
    grown it is not where the disk ends.
    """
    sizes = {number: size // change.sector for number, size in change.resize}
    lines = []
    for line in dump.splitlines():
        match = _ENTRY.match(line)
        number = int(match[1]) if match else None
        if number in change.delete or line.startswith("last-lba:"):
            continue
        lines.append(_SIZE.sub(f"size={sizes[number]}", line, count=1) if number in sizes else line)
    lines += [sfdisk_line(each, change.sector) for each in change.partitions]
    return "\n".join(lines) + "\n"
