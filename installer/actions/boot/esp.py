"""The step that puts the signed chain on an EFI system partition.

The signed chain is Debian's: the firmware trusts shim (signed by Microsoft), shim trusts GRUB,
GRUB trusts the kernel (both signed by Debian). https://wiki.debian.org/SecureBoot
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from installer.actions.boot.esp_copy import copy_to_esp
from installer.actions.boot.owner_keys import signed_copy
from installer.actions.context import Context
from installer.boot.layout import DEBIAN, firmware_path
from installer.config.boot import ENTRY_NAME
from installer.errors import CommandFailed

LOADER = firmware_path(DEBIAN.shim_path)
# On the removable path shim finds the fallback, which restores the boot entries that the lists of
# the ESP name.
ESP_FILES = DEBIAN.esp_sources()
FALLBACK_LIST = f"{DEBIAN.vendor}/{DEBIAN.fallback_list}"
# What the firmware starts: by its boot entry, and without one. The second needs the first: the
# fallback starts what its list names, and restarts the machine when that is missing.
STARTED = (DEBIAN.shim_path, DEBIAN.removable_path)


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteEsp:
    """Put shim, GRUB and its configuration on the ESP, and read everything back.

    ``environment`` is what GRUB finds in its environment block ("": it has none), ``label`` what a
    boot entry is called that the fallback writes; ``signed`` takes the copies that the owner has
    signed. From here on the disk boots.
    """

    volume: str
    grub_cfg: str
    environment: str = ""
    label: str = ENTRY_NAME
    signed: bool = False
    weight: float = 2.0

    def describe(self) -> str:
        """See :class:`~installer.actions.action.Action`."""
        return f"write shim, GRUB and grub.cfg to the ESP on {self.volume}, and read them back"

    def check(self, context: Context) -> None:
        """Nothing to look at before the root is there."""

    def run(self, context: Context) -> None:
        """Copy the files over, compare what a fresh read gives."""
        files: dict[str, Path | bytes] = {
            **{name: self._program(context, source) for name, source in ESP_FILES.items()},
            FALLBACK_LIST: fallback_list(self.label),
            DEBIAN.esp_menu: self.grub_cfg.encode(),
        }
        if self.environment:
            files[f"{DEBIAN.vendor}/grubenv"] = self.environment.encode()
        copy_to_esp(context, self.volume, files, started=STARTED)

    def _program(self, context: Context, source: str) -> Path:
        place = signed_copy(context, source) if self.signed else context.root.followed(source)
        if not place.is_file():
            raise CommandFailed(
                f"the payload has no {source}", "It lacks the signed boot loader: rebuild it."
            )
        return place


def fallback_list(label: str) -> bytes:
    """What shim's fallback reads: the loader, the name of its entry, its arguments, a comment.

    https://github.com/rhboot/shim/blob/main/README.fallback
    """
    line = f"{DEBIAN.shim.name},{label},,This is the boot entry for {label}\r\n"
    return b"\xff\xfe" + line.encode("utf-16-le")
