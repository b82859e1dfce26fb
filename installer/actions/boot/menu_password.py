"""The step that gives the boot menu its password."""

from __future__ import annotations

from dataclasses import dataclass

from installer.actions.context import Context
from installer.actions.host.files import WriteFile
from installer.boot.layout import DEBIAN
from installer.secret import Secret

# Beside grub.cfg, which reads it. The ESP has no copy: a FAT keeps nothing from anybody.
PASSWORD_FILE = f"{DEBIAN.grub_path}/password.cfg"


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteMenuPassword:
    """Write GRUB's hash of the menu's password where only root reads it."""

    hashed: Secret
    weight: float = 0.01

    def describe(self) -> str:
        """See :class:`~installer.actions.action.Action`."""
        return f"write the boot menu's password to {PASSWORD_FILE} (mode 0600)"

    def check(self, context: Context) -> None:
        """Nothing to look at before the root is there."""

    def run(self, context: Context) -> None:
        """Write it."""
        line = f"password_pbkdf2 root {self.hashed.reveal()}\n"
        WriteFile(path=PASSWORD_FILE, text=line, mode=0o600).run(context)
