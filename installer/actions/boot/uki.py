"""The step that makes the host's unified kernel image: kernel, initrd and command line in one.

The host makes those of its upgrades with the same script, so that a working image here shows that
one there will work. https://uapi-group.org/specifications/specs/unified_kernel_image/
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from installer.actions.boot.owner_keys import db_pair
from installer.actions.context import Context
from installer.actions.host.chroot import kernel_filesystems
from installer.config.boot import SigningKey
from installer.errors import CommandFailed
from installer.secureboot.owner import sign_program

BUILDER = "/usr/sbin/photon-uki"
UKIFY = "/usr/bin/ukify"
STUB = "/usr/lib/systemd/boot/efi/linuxx64.efi.stub"
# How often the loader tries an image that has not been declared good: in the name of its file.
_TRIES = 3
_UNSIGNED = "/var/tmp/photon-unified-kernel-image.efi"  # noqa: S108  (inside the new host)


def uki_name(kernel_version: str) -> str:
    """The file of a kernel's image on the ESP, before its first start."""
    return f"photon-{kernel_version}+{_TRIES}.efi"


@dataclass(frozen=True, slots=True, kw_only=True)
class MakeUki:
    """Make it inside the new host's tree, and sign a copy for the ESPs from outside.

    The key need not be in the host, then: it may be in a token.
    """

    kernel_version: str
    db: SigningKey | None
    weight: float = 8.0

    def describe(self) -> str:
        """See :class:`~installer.actions.action.Action`."""
        return (
            f"make the unified kernel image of Linux {self.kernel_version}, with signed PCR "
            "values, and sign it with the owner's key"
        )

    def check(self, context: Context) -> None:
        """Nothing to look at before the root is there."""

    def run(self, context: Context) -> None:
        """Make it, sign it, verify the signature."""
        for program in (UKIFY, STUB):
            if not context.root.followed(program).is_file():
                text = "It lacks what makes unified kernel images: rebuild it, or use GRUB."
                raise CommandFailed(f"the payload has no {program}", text)
        context.root.directory(str(Path(_UNSIGNED).parent))
        unsigned = context.root.place(_UNSIGNED)
        unsigned.unlink(missing_ok=True)
        chroot = ["chroot", str(context.target)]
        try:
            with kernel_filesystems(context):
                context.runner.run([*chroot, BUILDER, "build", self.kernel_version, _UNSIGNED])
            target = signed_uki(context, self.kernel_version)
            target.parent.mkdir(parents=True, exist_ok=True)
            context.on_undo(f"remove {target}", lambda: target.unlink(missing_ok=True))
            sign_program(context.runner, db_pair(context, self.db), unsigned, target)
        finally:
            unsigned.unlink(missing_ok=True)


def signed_uki(context: Context, kernel_version: str) -> Path:
    """Where the signed image of a kernel is until it is on the ESPs."""
    return context.work / "uki" / uki_name(kernel_version)
