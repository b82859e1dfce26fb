"""Steps that put systemd-boot on the ESPs, with the unified kernel image that it starts.

Both are signed with the owner's key; there is no shim between the firmware and them.
https://www.freedesktop.org/software/systemd/man/latest/systemd-boot.html
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from installer.actions.boot.esp_copy import copy_to_esp
from installer.actions.boot.owner_keys import db_pair
from installer.actions.boot.uki import signed_uki, uki_name
from installer.actions.context import Context
from installer.boot.layout import DEBIAN, firmware_path
from installer.config.boot import SigningKey
from installer.errors import CommandFailed
from installer.secureboot.owner import sign_program

SYSTEMD_BOOT = DEBIAN.systemd_boot.source
LOADER = firmware_path(DEBIAN.systemd_path)
# By the boot entry, and without one.
LOADER_FILES = (DEBIAN.systemd_path, DEBIAN.removable_path)
LOADER_CONF = "loader/loader.conf"


@dataclass(frozen=True, slots=True, kw_only=True)
class SignSystemdBoot:
    """Sign a copy of the new host's systemd-boot for the ESPs."""

    db: SigningKey | None
    weight: float = 0.5

    def describe(self) -> str:
        """See :class:`~installer.actions.action.Action`."""
        return "sign systemd-boot with the owner's key"

    def check(self, context: Context) -> None:
        """Nothing to look at before the root is there."""

    def run(self, context: Context) -> None:
        """Sign it; the signature is verified."""
        program = context.root.followed(SYSTEMD_BOOT)
        if not program.is_file():
            raise CommandFailed(f"the payload has no {SYSTEMD_BOOT}", "Rebuild it, or use GRUB.")
        target = _signed_loader(context)
        target.parent.mkdir(parents=True, exist_ok=True)
        context.on_undo(f"remove {target}", lambda: target.unlink(missing_ok=True))
        sign_program(context.runner, db_pair(context, self.db), program, target)


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteSystemdBoot:
    """Put systemd-boot, its configuration and the kernel image on the ESP, read everything back.

    From here on the disk boots.
    """

    volume: str
    loader_conf: str
    kernel_version: str
    weight: float = 3.0

    def describe(self) -> str:
        """See :class:`~installer.actions.action.Action`."""
        return (
            f"write systemd-boot and the unified kernel image of Linux {self.kernel_version} to "
            f"the ESP on {self.volume}, and read them back"
        )

    def check(self, context: Context) -> None:
        """Nothing to look at before the root is there."""

    def run(self, context: Context) -> None:
        """Copy the files over, compare what a fresh read gives."""
        files: dict[str, Path | bytes] = {
            **dict.fromkeys(LOADER_FILES, _signed_loader(context)),
            f"{DEBIAN.images}/{uki_name(self.kernel_version)}": signed_uki(
                context, self.kernel_version
            ),
            LOADER_CONF: self.loader_conf.encode(),
        }
        copy_to_esp(context, self.volume, files, started=LOADER_FILES)


def _signed_loader(context: Context) -> Path:
    return context.work / "systemd-boot" / DEBIAN.systemd_boot.name
