"""The step that compiles the new host's keyboard layout for its consoles."""

from __future__ import annotations

from dataclasses import dataclass

from installer.actions.context import Context
from installer.actions.host.chroot import kernel_filesystems


@dataclass(frozen=True, slots=True, kw_only=True)
class SaveKeymap:
    """Save the keymap that the host loads at each start.

    Debian's keyboard-setup.service loads what setupcon(1) saved last, which in the payload's tree
    is the US layout, and looks at ``/etc/default/keyboard`` only where nothing was saved.
    """

    weight: float = 1.0

    def describe(self) -> str:
        """See :class:`~installer.actions.action.Action`."""
        return "compile the keymap of the consoles"

    def check(self, context: Context) -> None:
        """Nothing to look at before the root is there."""

    def run(self, context: Context) -> None:
        """Compile it inside the new host's tree, by its own files."""
        with kernel_filesystems(context):
            context.runner.run(["chroot", str(context.target), "setupcon", "--save-only"])
