"""The step that writes a boot entry of the firmware."""

from __future__ import annotations

from dataclasses import dataclass

from installer.actions.boot.boot_order import EntryTable, entry_table, ordered
from installer.actions.boot.esp import LOADER
from installer.actions.context import Context
from installer.config.boot import BootOrder
from installer.errors import CommandFailed
from installer.events import Message
from installer.secureboot.variables import EFIVARS

_PLACES = {
    BootOrder.FIRST: "before all others",
    BootOrder.AFTER_PRESENT: "behind the first that is there",
    BootOrder.LEAVE: "outside of the boot order",
    BootOrder.NETWORK_FIRST: "behind those for the network",
}


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
        """See :class:`~installer.actions.action.Action`."""
        place = _PLACES[self.order]
        return (
            f'write the firmware boot entry "{self.label}" for {self.loader}, {place}, '
            "and read it back"
        )

    def check(self, context: Context) -> None:
        """The firmware's variables are there."""
        if not EFIVARS.is_dir():
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
