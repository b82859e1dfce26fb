"""Steps on filesystems: make them, mount them, put swap space into them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from installer.actions.context import Context
from installer.filesystems import filesystem_type, filled
from installer.sizes import format_size
from installer.system.private import new_private_file

_STICKY = ("/tmp", "/var/tmp")  # noqa: S108  (of the new host)


@dataclass(frozen=True, slots=True, kw_only=True)
class MakeFilesystem:
    """Make a filesystem, or swap space, with an identifier that is known beforehand.

    ``kind`` is a name in :mod:`installer.filesystems`; the ``uuid`` of a FAT looks like
    ``1A2B-3C4D``. ``options`` are more words for the program that makes it.
    """

    volume: str
    kind: str
    uuid: str
    label: str
    options: tuple[str, ...] = ()
    weight: float = 1.0

    def describe(self) -> str:
        """See :class:`~installer.actions.action.Action`."""
        more = f", {' '.join(self.options)}" if self.options else ""
        return f"make {self.kind} on {self.volume}, label {self.label}, UUID {self.uuid}{more}"

    def check(self, context: Context) -> None:
        """Nothing to look at before the volume is there."""

    def run(self, context: Context) -> None:
        """Make it. The first one is the end of the way back."""
        context.begin_format()
        node = context.node(self.volume)
        kind = filesystem_type(self.kind)
        if kind.blank_first:
            blank = ["blkdiscard", "--zeroout", "--force", f"--length={kind.blank_first}"]
            context.runner.run([*blank, node])
            context.runner.run(["sync", node])
        make = kind.make_command(uuid=self.uuid, label=self.label)
        context.runner.run([*make, *self.options, node])


@dataclass(frozen=True, slots=True, kw_only=True)
class MakeSubvolumes:
    """Make subvolumes of a btrfs, in this order: ``a/b`` lies inside ``a``."""

    volume: str
    names: tuple[str, ...]
    weight: float = 0.3

    def describe(self) -> str:
        """See :class:`~installer.actions.action.Action`."""
        return f"make the subvolumes {', '.join(self.names)} on {self.volume}"

    def check(self, context: Context) -> None:
        """Nothing to look at before the filesystem is there."""

    def run(self, context: Context) -> None:
        """Make them in the top level, which is mounted for that alone."""
        with mounted_top(context, context.node(self.volume), "btrfs") as top:
            for name in self.names:
                place = top / name
                place.parent.mkdir(parents=True, exist_ok=True)
                context.runner.run(["btrfs", "subvolume", "create", str(place)])


@dataclass(frozen=True, slots=True, kw_only=True)
class MountFilesystem:
    """Mount a filesystem at ``path`` of the new host; ``/`` is where the payload is extracted."""

    volume: str
    kind: str
    path: str
    options: str
    weight: float = 0.2

    def describe(self) -> str:
        """See :class:`~installer.actions.action.Action`."""
        return f"mount {self.volume} ({self.kind}, {self.options}) at {self.path} of the new host"

    def check(self, context: Context) -> None:
        """Nothing to look at before the filesystem is there."""

    def run(self, context: Context) -> None:
        """Mount it."""
        place = context.root.directory(self.path)
        node = context.node(self.volume)
        context.runner.run(["mount", "-t", self.kind, "-o", self.options, node, str(place)])
        context.on_undo(f"unmount {place}", lambda: context.runner.run(["umount", str(place)]))
        if self.path == "/":
            # What is mounted below stays here: in the namespace of a daemon, such as udevd's, it
            # would outlive the unmounting, and keep the volume in use.
            context.runner.run(["mount", "--make-private", str(place)])
        if self.path in _STICKY:
            place.chmod(0o1777)


@dataclass(frozen=True, slots=True, kw_only=True)
class BindFolder:
    """Mount a folder of the new host at a second place, as the host will: what is put there from
    now on, like the homes of its users, is then not hidden from it.
    """

    folder: str
    path: str
    weight: float = 0.1

    def describe(self) -> str:
        """See :class:`~installer.actions.action.Action`."""
        return f"mount {self.folder} at {self.path} of the new host"

    def check(self, context: Context) -> None:
        """Nothing to look at before the folder is there."""

    def run(self, context: Context) -> None:
        """Mount it."""
        folder, place = (context.root.followed(each) for each in (self.folder, self.path))
        context.runner.run(["mount", "--bind", str(folder), str(place)])
        context.on_undo(f"unmount {place}", lambda: context.runner.run(["umount", str(place)]))


@dataclass(frozen=True, slots=True, kw_only=True)
class MakeSwapFile:
    """Make a swap file inside the new root."""

    path: str
    size: int
    kind: str
    uuid: str
    weight: float = 1.0

    def describe(self) -> str:
        """See :class:`~installer.actions.action.Action`."""
        return f"make the swap file {self.path}, {format_size(self.size)}"

    def check(self, context: Context) -> None:
        """Nothing to look at before the filesystem is there."""

    def run(self, context: Context) -> None:
        """Make it without holes, as the kernel wants it."""
        place = context.root.place(self.path)
        place.unlink(missing_ok=True)
        if own := filesystem_type(self.kind).swap_file:
            context.runner.run(filled(own, uuid=self.uuid, size=self.size, path=place))
            return
        new_private_file(place).close()
        context.runner.run(["fallocate", "--length", str(self.size), str(place)])
        context.runner.run(["mkswap", "--uuid", self.uuid, str(place)])


@contextmanager
def mounted_top(context: Context, node: str, kind: str) -> Iterator[Path]:
    """The top level of a filesystem, mounted for a while."""
    top = context.work / "top"
    top.mkdir(parents=True, exist_ok=True)
    depth = context.depth
    options = filesystem_type(kind).top_option or "defaults"
    context.runner.run(["mount", "-t", kind, "-o", options, node, str(top)])
    context.on_undo(f"unmount {top}", lambda: context.runner.run(["umount", str(top)]))
    try:
        yield top
    finally:
        context.unwind(depth)
