"""Steps on the EFI system partition and the firmware's boot entries.

The signed chain is Debian's: the firmware trusts shim (signed by Microsoft), shim trusts GRUB,
GRUB trusts the kernel (both signed by Debian). https://wiki.debian.org/SecureBoot
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from installer.actions.boot_order import EntryTable, entry_table, ordered
from installer.actions.esp_copy import copy_to_esp
from installer.actions.owner_keys import signed_copy
from installer.config.boot import ENTRY_NAME, BootOrder
from installer.context import Context
from installer.errors import CommandFailed
from installer.events import Message

_SHIM = "/usr/lib/shim/shimx64.efi.signed"
_MOK_MANAGER = "/usr/lib/shim/mmx64.efi.signed"
_GRUB = "/usr/lib/grub/x86_64-efi-signed/grubx64.efi.signed"
_FALLBACK = "/usr/lib/shim/fbx64.efi.signed"
_EFIVARS = Path("/sys/firmware/efi/efivars")

_PLACES = {
    BootOrder.FIRST: "before all others",
    BootOrder.AFTER_PRESENT: "behind the first that is there",
    BootOrder.LEAVE: "outside of the boot order",
    BootOrder.NETWORK_FIRST: "behind those for the network",
}

LOADER = r"\EFI\debian\shimx64.efi"

# Debian's signed GRUB looks for its configuration in /EFI/debian wherever it was started from.
# /EFI/BOOT is what firmware starts that has no entry for this disk: shim finds the fallback there,
# which writes the entries anew that the lists of the ESP name.
ESP_FILES = {
    "EFI/debian/shimx64.efi": _SHIM,
    "EFI/debian/mmx64.efi": _MOK_MANAGER,
    "EFI/debian/grubx64.efi": _GRUB,
    "EFI/debian/fbx64.efi": _FALLBACK,
    "EFI/BOOT/mmx64.efi": _MOK_MANAGER,
    "EFI/BOOT/grubx64.efi": _GRUB,
    "EFI/BOOT/fbx64.efi": _FALLBACK,
    "EFI/BOOT/BOOTX64.EFI": _SHIM,
}
FALLBACK_LIST = "EFI/debian/BOOTX64.CSV"


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
        """See :class:`~installer.plan.model.Action`."""
        return f"write shim, GRUB and grub.cfg to the ESP on {self.volume}, and read them back"

    def check(self, context: Context) -> None:
        """Nothing to look at before the root is there."""

    def run(self, context: Context) -> None:
        """Copy the files over, compare what a fresh read gives."""
        folder = "EFI/debian"
        files: dict[str, Path | bytes] = {
            **{name: self._program(context, source) for name, source in ESP_FILES.items()},
            FALLBACK_LIST: fallback_list(self.label),
            f"{folder}/grub.cfg": self.grub_cfg.encode(),
        }
        if self.environment:
            files[f"{folder}/grubenv"] = self.environment.encode()
        copy_to_esp(context, self.volume, files)

    def _program(self, context: Context, source: str) -> Path:
        place = signed_copy(context, source) if self.signed else context.inside(source)
        if not place.is_file():
            raise CommandFailed(
                f"the payload has no {source}", "It lacks the signed boot loader: rebuild it."
            )
        return place


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteBootEntry:
    """Write a boot entry of the firmware (NVRAM), put it in its order, and read both back.

    Where ``order`` lets several come in front of the others, the last written is the first of them.
    Firmware that takes no entry still starts the disk by the fallback path, so that is a warning.
    """

    disk: str
    partition: int
    partition_guid: str
    label: str
    order: BootOrder = BootOrder.FIRST
    loader: str = LOADER
    weight: float = 1.0

    def describe(self) -> str:
        """See :class:`~installer.plan.model.Action`."""
        place = _PLACES[self.order]
        return (
            f'write the firmware boot entry "{self.label}" for {self.loader}, {place}, '
            "and read it back"
        )

    def check(self, context: Context) -> None:
        """The firmware's variables are there."""
        if not _EFIVARS.is_dir():
            context.emit(Message(level="warning", text="The firmware's variables are not mounted."))

    def run(self, context: Context) -> None:
        """Remove our entries for partitions that are gone, add the new one, look at the result."""
        try:
            self._write(context)
        except CommandFailed as error:
            text = f"No boot entry in the firmware; the disk's fallback path will do: {error}"
            context.emit(Message(level="warning", text=text))

    def _write(self, context: Context) -> None:
        self._remove_stale(context)
        context.runner.run(
            [
                "efibootmgr",
                "--quiet",
                "--create-only",
                "--disk",
                context.node(self.disk),
                "--part",
                str(self.partition),
                "--label",
                self.label,
                "--loader",
                self.loader,
            ]
        )
        found = _read(context)
        number = next((each for each, guid in self._own(found) if guid == self.partition_guid), "")
        if not number:
            raise CommandFailed("the firmware did not keep the boot entry")
        wanted = ordered(found, number, self.order)
        if wanted == found.order:
            return
        context.runner.run(["efibootmgr", "--quiet", "--bootorder", ",".join(wanted)])
        if _read(context).order != wanted:
            raise CommandFailed("the firmware did not keep the order of its boot entries")

    def _remove_stale(self, context: Context) -> None:
        """Entries of earlier installations: for partitions that are gone, or for this very one."""
        present = set(context.runner.run(["lsblk", "-n", "-o", "PARTUUID"]).lower().split())
        for number, guid in self._own(_read(context)):
            if guid not in present or guid == self.partition_guid:
                context.runner.run(["efibootmgr", "--quiet", "-b", number, "-B"])

    def _own(self, table: EntryTable) -> list[tuple[str, str]]:
        """Number and partition of each entry that is called as this one, and lies on a disk."""
        return [
            (each.number, each.partition)
            for each in table.entries
            if each.label == self.label and each.partition
        ]


def _read(context: Context) -> EntryTable:
    return entry_table(context.runner.run(["efibootmgr", "-v"]))


def fallback_list(label: str) -> bytes:
    """What shim's fallback reads: the loader, the name of its entry, its arguments, a comment.

    https://github.com/rhboot/shim/blob/main/README.fallback
    """
    line = f"shimx64.efi,{label},,This is the boot entry for {label}\r\n"
    return b"\xff\xfe" + line.encode("utf-16-le")
