"""Steps on the whole disk: the image file that stands for one, its old contents, its table."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path

from installer.context import Context
from installer.disk_table import verify_table
from installer.errors import CommandFailed
from installer.sizes import format_size

DISK = "disk"
_NODE_TIMEOUT_SECONDS = 30
_LOOP_MAJOR = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedPartition:
    """A partition to be: ``start`` and ``size`` are bytes, the GUIDs lower-case text."""

    number: int
    start: int
    size: int
    type_guid: str
    guid: str
    name: str

    @property
    def reference(self) -> str:
        """How actions speak of it."""
        return f"{DISK}/{self.number}"


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateImage:
    """Make a sparse file that stands for the disk; a failure removes it again."""

    path: str
    size: int
    weight: float = 0.1

    def describe(self) -> str:
        """See :class:`~installer.plan.model.Action`."""
        return f"create the image file {self.path}, {format_size(self.size)}"

    def check(self, context: Context) -> None:
        """The folder is there and the file is not."""
        del context
        if not Path(self.path).parent.is_dir():
            raise CommandFailed(f"{self.path}: its folder does not exist", "Create it first.")
        if Path(self.path).exists():
            raise CommandFailed(f"{self.path}: exists already", "Remove it, or name another file.")

    def run(self, context: Context) -> None:
        """Create it."""
        with Path(self.path).open("xb") as file:
            context.on_failure(f"remove {self.path}", Path(self.path).unlink)
            file.truncate(self.size)


@dataclass(frozen=True, slots=True, kw_only=True)
class WipeSignatures:
    """Remove what makes the old contents recognisable: from the partitions first, then the disk.

    A disk that loses power after this has no boot loader, no filesystem and no table: it does not
    start half of the old system or half of the new one. ``held`` says that something lies on the
    disk now, which will have been stopped by then.
    """

    disk: str
    partitions: tuple[str, ...]
    held: bool = False
    weight: float = 0.5

    def describe(self) -> str:
        """See :class:`~installer.plan.model.Action`."""
        old = f" and its partitions {', '.join(self.partitions)}" if self.partitions else ""
        return f"wipe the signatures on {self.disk}{old}"

    def check(self, context: Context) -> None:
        """The disk can be opened for this process alone."""
        del context
        if not self.held:
            _require_unused(self.disk)

    def run(self, context: Context) -> None:
        """Wipe, deepest first, unless somebody has begun to use the disk."""
        _require_unused(self.disk)
        context.alter(self.disk)
        for path in (*reversed(self.partitions), self.disk):
            context.runner.run(["wipefs", "--all", "--force", "--lock=yes", path])


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteTable:
    """Write the partition table (GPT) and read it back through another program."""

    disk: str
    guid: str
    sector: int
    partitions: tuple[PlannedPartition, ...]
    weight: float = 1.0

    def describe(self) -> str:
        """See :class:`~installer.plan.model.Action`."""
        parts = ", ".join(
            f"{each.number} {each.name} {format_size(each.size)}" for each in self.partitions
        )
        return f"write a GPT partition table on {self.disk}: {parts}"

    def check(self, context: Context) -> None:
        """Nothing that WipeSignatures has not looked at."""

    def run(self, context: Context) -> None:
        """Write it; a later failure takes it away again, so that the disk is plainly empty.

        Before the first format the old table is put back instead.
        """
        context.alter(self.disk)
        context.on_failure(
            f"take the new partition table off {self.disk}",
            lambda: take_table_away(context, self.disk) if context.formatted else None,
        )
        # sfdisk waits a while before it tells the kernel, which for an image is for nothing.
        silent = ["--no-tell-kernel"] if needs_loops(self.disk) else []
        wipe = ["--wipe=always", "--wipe-partitions=always", "--lock=yes"]
        context.runner.run(["sfdisk", *silent, *wipe, self.disk], stdin=sfdisk_script(self))
        verify_table(
            self.disk,
            [
                (each.number, each.start, each.size, each.type_guid, each.name)
                for each in self.partitions
            ],
            guid=self.guid,
            guids={each.number: each.guid for each in self.partitions},
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class AttachPartitions:
    """Find the device node of each partition, or make one with a loop device at its offset.

    Loop devices serve image files, and disks whose partitions the kernel does not show.
    """

    disk: str
    sector: int
    partitions: tuple[PlannedPartition, ...]
    weight: float = 0.5

    def describe(self) -> str:
        """See :class:`~installer.plan.model.Action`."""
        return f"attach the {len(self.partitions)} partitions of {self.disk}"

    def check(self, context: Context) -> None:
        """Nothing to look at before the table is there."""

    def run(self, context: Context) -> None:
        """Fill the context's map from references to nodes."""
        context.nodes[DISK] = self.disk
        attach = self._loop_node if needs_loops(self.disk) else self._kernel_node
        for partition in self.partitions:
            context.nodes[partition.reference] = attach(context, partition)

    def _kernel_node(self, context: Context, partition: PlannedPartition) -> str:
        node = partition_node(self.disk, partition.number)
        context.runner.run(
            ["udevadm", "wait", "--settle", f"--timeout={_NODE_TIMEOUT_SECONDS}", node]
        )
        return node

    def _loop_node(self, context: Context, partition: PlannedPartition) -> str:
        node = context.runner.run(
            [
                "losetup",
                "--find",
                "--show",
                "--sector-size",
                str(self.sector),
                "--offset",
                str(partition.start),
                "--sizelimit",
                str(partition.size),
                self.disk,
            ]
        ).strip()
        context.on_undo(f"detach {node}", lambda: context.runner.run(["losetup", "--detach", node]))
        return node


def sfdisk_script(table: WriteTable) -> str:
    """The table in sfdisk's own script language, in sectors."""
    lines = ["label: gpt", f"label-id: {table.guid}", "unit: sectors", ""]
    lines += [
        f"{each.number} : start={each.start // table.sector}, size={each.size // table.sector}, "
        f'type={each.type_guid}, uuid={each.guid}, name="{each.name}"'
        for each in table.partitions
    ]
    return "\n".join(lines) + "\n"


def partition_node(disk: str, number: int) -> str:
    """The kernel's name for a partition: ``/dev/sda2``, ``/dev/nvme0n1p2``."""
    return f"{disk}{'p' if disk[-1].isdigit() else ''}{number}"


def needs_loops(disk: str) -> bool:
    """Whether the partitions of ``disk`` get no device nodes by themselves."""
    status = Path(disk).stat()
    return not stat.S_ISBLK(status.st_mode) or os.major(status.st_rdev) == _LOOP_MAJOR


def take_table_away(context: Context, disk: str) -> None:
    """Leave nothing on the disk that a machine could start."""
    context.runner.run(["wipefs", "--all", "--force", "--lock=yes", disk])
    # wipefs leaves the first 440 bytes alone, and that is where a BIOS looks for a boot loader.
    with Path(disk).open("r+b") as device:
        device.write(bytes(440))
        device.flush()
        os.fsync(device.fileno())


def _require_unused(disk: str) -> None:
    if not Path(disk).exists() or not Path(disk).is_block_device():
        return
    try:
        os.close(os.open(disk, os.O_RDWR | os.O_EXCL))
    except OSError as error:
        raise CommandFailed(
            f"{disk}: {error.strerror}", "Something still uses it, or it cannot be written to."
        ) from error
