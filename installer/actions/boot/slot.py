"""The step that makes the second of two systems a copy of the first."""

from __future__ import annotations

from dataclasses import dataclass

from installer.actions.context import Context


@dataclass(frozen=True, slots=True, kw_only=True)
class CopySlot:
    """Copy the new root, without what is mounted in it, to the filesystem mounted at ``path``."""

    path: str
    weight: float = 20.0

    def describe(self) -> str:
        """See :class:`~installer.actions.action.Action`."""
        return f"copy the new root to {self.path}, where the second one is mounted"

    def check(self, context: Context) -> None:
        """Nothing to look at before both are there."""

    def run(self, context: Context) -> None:
        """Copy it, with owners, links, capabilities and all."""
        place = context.root.straight(self.path)
        command = ["cp", "--archive", "--one-file-system"]
        context.runner.run([*command, f"{context.target}/.", f"{place}/"])
