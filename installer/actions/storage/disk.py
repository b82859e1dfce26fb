"""Steps on the whole disk: the image file that stands for one, its old contents, its table."""

from __future__ import annotations

import fcntl
import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from installer.actions.context import Context
from installer.errors import CommandFailed
from installer.events import Message
from installer.machine.disk_table import verify_table
from installer.machine.partition_table import PlannedPartition, TableEntry
from installer.sizes import MIB, format_size
from installer.system.private import new_private_file

DOS = "dos"
GPT = "gpt"
_NODE_TIMEOUT_SECONDS = 30
_LOOP_MAJOR = 7
_DOS_PRIMARIES = 4
# Filesystems keep a little for themselves when they refuse to write more.
_NO_ROOM = 4 * MIB


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateImage:
    """Make a sparse file that stands for the disk; a failure removes it again."""

    path: str
    size: int
    weight: float = 0.1

    def describe(self) -> str:
        """See :class:`~installer.actions.action.Action`."""
        return f"create the image file {self.path}, {format_size(self.size)}"

    def check(self, context: Context) -> None:
        """The folder is there and the file is not."""
        del context
        if not Path(self.path).parent.is_dir():
            raise CommandFailed(f"{self.path}: its directory does not exist", "Create it first.")
        if os.path.lexists(self.path):  # a link that leads nowhere counts
            raise CommandFailed(f"{self.path}: exists already", "Remove it, or name another file.")

    def run(self, context: Context) -> None:
        """Create it."""
        try:
            with new_private_file(Path(self.path)) as file:
                context.on_failure(f"remove {self.path}", lambda: self._remove(context))
                file.truncate(self.size)
        except (OSError, OverflowError) as error:
            reason = error.strerror if isinstance(error, OSError) else "no file is that large"
            raise CommandFailed(
                f"{self.path}: no image of {format_size(self.size)} can be created: {reason}",
                "Name a file in a directory that can be written to, or a smaller size.",
            ) from error

    def _remove(self, context: Context) -> None:
        """Remove it again; what failed may not have said that there was no room for it."""
        path = Path(self.path)
        room = os.statvfs(path.parent)
        path.unlink()
        context.altered.discard(self.path)
        context.emit(Message(level="info", text=f"{path} was removed again"))
        if room.f_bfree * room.f_frsize < _NO_ROOM:
            text = f"{path.parent} was full: make room there, or name a file in another directory"
            context.emit(Message(level="error", text=text))


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveBootPath:
    """Take away what starts an old system, before anything that it needs is touched.

    ``esps`` are the nodes of its ESPs; with ``boot_code`` what a BIOS starts goes as well. A disk
    that loses power after this has nothing that starts, instead of a boot loader that finds nothing
    to go on with.
    """

    disk: str
    esps: tuple[str, ...]
    boot_code: bool = False
    held: bool = False
    weight: float = 0.2

    def describe(self) -> str:
        """See :class:`~installer.actions.action.Action`."""
        parts = ["its boot code"] if self.boot_code else []
        parts += [f"the ESP {each}" for each in self.esps]
        return f"remove what starts the old system from {self.disk}: {', '.join(parts)}"

    def check(self, context: Context) -> None:
        """The disk can be opened for this process alone."""
        del context
        if not self.held:
            require_unused(self.disk)

    def run(self, context: Context) -> None:
        """Remove it: each change is that of a single sector, and on the disk at once."""
        require_unused(self.disk)
        context.alter(self.disk)
        with steady_nodes(self.disk):
            for path in self.esps:
                _wipe(context, path)
                context.runner.run(["sync", path])
        if self.boot_code:
            clear_boot_code(self.disk)


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
        """See :class:`~installer.actions.action.Action`."""
        old = f" and its partitions {', '.join(self.partitions)}" if self.partitions else ""
        return f"wipe the signatures on {self.disk}{old}"

    def check(self, context: Context) -> None:
        """The disk can be opened for this process alone."""
        del context
        if not self.held:
            require_unused(self.disk)

    def run(self, context: Context) -> None:
        """Wipe, deepest first, unless somebody has begun to use the disk."""
        require_unused(self.disk)
        context.alter(self.disk)
        with steady_nodes(self.disk):
            for path in reversed(self.partitions):
                _wipe(context, path)
        _wipe(context, self.disk)


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteTable:
    """Write the partition table and read it back through another program.

    ``kind`` is ``gpt`` or ``dos``; a DOS table takes the first eight digits of ``guid`` as its ID.
    """

    disk: str
    guid: str
    sector: int
    partitions: tuple[PlannedPartition, ...]
    kind: str = GPT
    weight: float = 1.0

    def describe(self) -> str:
        """See :class:`~installer.actions.action.Action`."""
        parts = describe_partitions(self.partitions)
        return f"write a {self.kind.upper()} partition table on {self.disk}: {parts}"

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
        wanted = [planned_entry(each, self.kind) for each in self.partitions]
        guid = self.guid if self.kind == GPT else ""
        verify_table(self.disk, wanted, kind=self.kind, guid=guid)


@dataclass(frozen=True, slots=True, kw_only=True)
class AttachPartitions:
    """Find the device node of each partition, or make one with a loop device at its offset.

    Loop devices serve image files, and disks whose partitions the kernel does not show.
    ``reference`` is that of the disk itself.
    """

    disk: str
    reference: str
    sector: int
    partitions: tuple[PlannedPartition, ...]
    weight: float = 0.5

    def describe(self) -> str:
        """See :class:`~installer.actions.action.Action`."""
        numbers = ", ".join(str(each.number) for each in self.partitions)
        return f"attach {self.disk}" + (f" and its new partitions {numbers}" if numbers else "")

    def check(self, context: Context) -> None:
        """Nothing to look at before the table is there."""

    def run(self, context: Context) -> None:
        """Fill the context's map from references to nodes."""
        context.nodes[self.reference] = self.disk
        attach = self._loop_node if needs_loops(self.disk) else self._kernel_node
        for partition in self.partitions:
            context.nodes[partition.reference] = attach(context, partition)

    def _kernel_node(self, context: Context, partition: PlannedPartition) -> str:
        node = partition_node(self.disk, partition.number)
        await_node(context, node)
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


@dataclass(frozen=True, slots=True, kw_only=True)
class AttachExisting:
    """Give references to devices that are there already, whatever becomes of their content."""

    references: tuple[tuple[str, str], ...]
    weight: float = 0.1

    def describe(self) -> str:
        """See :class:`~installer.actions.action.Action`."""
        return f"attach {', '.join(path for _, path in self.references)}, which already exists"

    def check(self, context: Context) -> None:
        """They are there, unless an earlier step brings them up."""

    def run(self, context: Context) -> None:
        """Fill the context's map from references to nodes."""
        for reference, path in self.references:
            if not Path(path).exists():
                raise CommandFailed(f"{path}: it is gone", "Look whether its disk is attached.")
            context.nodes[reference] = path


def sfdisk_script(table: WriteTable) -> str:
    """The table in sfdisk's own script language, in sectors."""
    identity = f"0x{table.guid[:8]}" if table.kind == DOS else table.guid
    lines = [f"label: {table.kind}", f"label-id: {identity}", "unit: sectors", ""]
    lines += [sfdisk_line(each, table.sector) for each in table.partitions]
    return "\n".join(lines) + "\n"


def sfdisk_line(partition: PlannedPartition, sector: int) -> str:
    """One partition in sfdisk's script language."""
    fields = [
        f"start={partition.start // sector}",
        f"size={partition.size // sector}",
        f"type={partition.type_guid}",
    ]
    if partition.guid:
        fields.append(f"uuid={partition.guid}")
    if partition.name:
        fields.append(f'name="{partition.name}"')
    if partition.bootable:
        fields.append("bootable")
    return f"{partition.number} : {', '.join(fields)}"


def describe_partitions(partitions: Iterable[PlannedPartition]) -> str:
    """The partitions in a few words each."""
    return ", ".join(
        f"{each.number} {each.name or each.type_guid} {format_size(each.size)}"
        for each in partitions
    )


def planned_entry(partition: PlannedPartition, kind: str) -> TableEntry:
    """The partition as a table of this kind will show it."""
    entry = TableEntry(number=partition.number, start=partition.start, size=partition.size)
    if kind == GPT:
        type_id, guid = partition.type_guid, partition.guid
        return replace(entry, type_id=type_id, guid=guid, name=partition.name)
    # What is in an extended partition has a type that read_table does not look for.
    primary = partition.number <= _DOS_PRIMARIES
    return replace(entry, type_id=hex(int(partition.type_guid, 16)) if primary else "")


def await_node(context: Context, node: str) -> None:
    """Wait until udev has made a device node and is done with it."""
    wait = ["udevadm", "wait", "--settle", f"--timeout={_NODE_TIMEOUT_SECONDS}"]
    context.runner.run([*wait, node])


def partition_node(disk: str, number: int) -> str:
    """The kernel's name for a partition: ``/dev/sda2``, ``/dev/nvme0n1p2``."""
    return f"{disk}{'p' if disk[-1].isdigit() else ''}{number}"


def needs_loops(disk: str) -> bool:
    """Whether the partitions of ``disk`` get no device nodes by themselves."""
    status = Path(disk).stat()
    return not stat.S_ISBLK(status.st_mode) or os.major(status.st_rdev) == _LOOP_MAJOR


def take_table_away(context: Context, disk: str) -> None:
    """Leave nothing on the disk that a machine could start."""
    _wipe(context, disk)
    clear_boot_code(disk)


def clear_boot_code(disk: str) -> None:
    """Clear what a BIOS starts: wipefs leaves the first 440 bytes alone."""
    with Path(disk).open("r+b") as device:
        device.write(bytes(440))
        device.flush()
        os.fsync(device.fileno())


def _wipe(context: Context, path: str) -> None:
    context.runner.run(["wipefs", "--all", "--force", "--lock=yes", path])


@contextmanager
def steady_nodes(disk: str) -> Iterator[None]:
    """Keep the nodes of a disk's partitions where they are for as long as the block runs.

    When a writer has closed a disk, udev reads its table anew, and the nodes are gone for a moment.
    It does not while somebody has this lock, which it takes itself:
    https://systemd.io/BLOCK_DEVICE_LOCKING/. So has wipefs for the disk: it comes behind the block.
    """
    if not Path(disk).exists():
        yield
        return
    with Path(disk).open("rb") as device:
        fcntl.flock(device, fcntl.LOCK_EX)
        yield


def require_unused(disk: str) -> None:
    """Look whether a disk can be opened for this process alone.

    It is opened for reading: udev reads the table of a disk anew when a writer closes it, and the
    partitions' nodes are gone for a moment.

    :raises CommandFailed: something on it is mounted or active, or it cannot be opened.
    """
    if not Path(disk).exists() or not Path(disk).is_block_device():
        return
    try:
        os.close(os.open(disk, os.O_RDONLY | os.O_EXCL))
    except OSError as error:
        raise CommandFailed(
            f"{disk}: {error.strerror}", "Something still uses it, or it cannot be opened."
        ) from error
