"""The step that makes the new host's initramfs, where the payload's own one does not do."""

from __future__ import annotations

from dataclasses import dataclass

from installer.actions.context import Context
from installer.actions.host.chroot import kernel_filesystems


@dataclass(frozen=True, slots=True, kw_only=True)
class MakeInitramfs:
    """Make it inside the new host's tree, from what the host is configured to need."""

    kernel_version: str
    weight: float = 30.0

    def describe(self) -> str:
        """See :class:`~installer.actions.action.Action`."""
        return f"make the initramfs of Linux {self.kernel_version}"

    def check(self, context: Context) -> None:
        """Nothing to look at before the root is there."""

    def run(self, context: Context) -> None:
        """Make it beside the old one, then put it in that one's place."""
        image = f"/boot/initrd.img-{self.kernel_version}"
        new = f"{image}.new"
        command = ["chroot", str(context.target), "dracut", "--quiet", "--force"]
        with kernel_filesystems(context):
            context.runner.run([*command, new, self.kernel_version])
        context.root.place(new).replace(context.root.place(image))
