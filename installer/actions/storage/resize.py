"""The step that shrinks or grows a filesystem on a partition that stays."""

from __future__ import annotations

from dataclasses import dataclass

from installer.actions.context import Context
from installer.actions.storage.filesystem import mounted_top
from installer.errors import CommandFailed
from installer.filesystems import Command, filesystem_type, filled
from installer.sizes import format_size


@dataclass(frozen=True, slots=True, kw_only=True)
class ResizeFilesystem:
    """Give a filesystem another size, in bytes, if its ``kind`` can be resized.

    ``size`` None fills what it is on. ``volume`` is a reference or a device's path. It is shrunk
    before its partition is, and before SaveDisk: what was saved earlier would not fit any more.
    """

    volume: str
    kind: str
    size: int | None
    grow: bool
    weight: float = 10.0

    def describe(self) -> str:
        """See :class:`~installer.actions.action.Action`."""
        size = "all its room" if self.size is None else format_size(self.size)
        return f"{'grow' if self.grow else 'shrink'} the {self.kind} on {self.volume} to {size}"

    def check(self, context: Context) -> None:
        """The tools look closely themselves, before they change anything."""

    def run(self, context: Context) -> None:
        """Resize it.

        :raises ValueError: the table of filesystems does not say how.
        """
        how = filesystem_type(self.kind).resizing
        if how is None:
            raise ValueError(f"no {self.kind!r} can be resized")
        node = context.nodes.get(self.volume, self.volume)
        if context.saved:
            # Putting back what was saved would break it: blocks have moved meanwhile.
            context.begin_format()
        context.alter(node)
        commands = how.to_fill if self.size is None else how.to_size
        if how.mounted:
            with mounted_top(context, node, self.kind) as top:
                self._run(context, commands, str(top))
            return
        if how.check:
            check = filled(how.check, at=node)
            try:
                context.runner.run(check)
            except CommandFailed:
                # It also fails when it has repaired everything: then it finds no more.
                context.runner.run(check)
        self._run(context, commands, node)

    def _run(self, context: Context, commands: tuple[Command, ...], at: str) -> None:
        size = self.size or 0
        for each in commands:
            context.runner.run(filled(each, at=at, size=size, kib=size // 1024))
