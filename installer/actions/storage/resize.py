"""The step that shrinks or grows a filesystem on a partition that stays."""

from __future__ import annotations

from dataclasses import dataclass

from installer.actions.context import Context
from installer.actions.storage.filesystem import mounted_top
from installer.errors import CommandFailed
from installer.sizes import format_size


@dataclass(frozen=True, slots=True, kw_only=True)
class ResizeFilesystem:
    """Give a filesystem (``ext4``, ``btrfs``, ``ntfs``) another size, in bytes.

    ``size`` None fills what it lies on. ``volume`` is a reference or a device's path. It is shrunk
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
        """Resize it."""
        node = context.nodes.get(self.volume, self.volume)
        if context.saved:
            # Putting back what was saved would break it: blocks have moved meanwhile.
            context.begin_format()
        context.alter(node)
        match self.kind:
            case "ext4":
                self._resize_ext4(context, node)
            case "btrfs":
                with mounted_top(context, node) as top:
                    size = "max" if self.size is None else str(self.size)
                    context.runner.run(["btrfs", "filesystem", "resize", size, str(top)])
            case "ntfs":
                self._resize_ntfs(context, node)
            case _:
                raise ValueError(f"no {self.kind!r} can be resized")

    def _resize_ext4(self, context: Context, node: str) -> None:
        check = ["e2fsck", "-f", "-p", node]
        try:
            context.runner.run(check)
        except CommandFailed:
            # It also ends with an error when it has put everything right: then it finds no more.
            context.runner.run(check)
        size = [] if self.size is None else [f"{self.size // 1024}K"]
        context.runner.run(["resize2fs", node, *size])

    def _resize_ntfs(self, context: Context, node: str) -> None:
        size = [] if self.size is None else ["--size", str(self.size)]
        command = ["ntfsresize", "--force", "--no-progress-bar", *size]
        context.runner.run([*command, "--no-action", node])
        context.runner.run([*command, node])
