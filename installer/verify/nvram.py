"""The firmware's boot entries (NVRAM), and whether one of them starts the host."""

from __future__ import annotations

from dataclasses import dataclass

from installer.boot.esp import Esp
from installer.boot.layout import firmware_path
from installer.machine.facts import BootEntry
from installer.secureboot.entries import boot_order, read_entries
from installer.secureboot.variables import EFIVARS
from installer.verify.finding import Finding, good, note

_RESTORE = "Start the host by the disk's removable path: it restores its entry."


@dataclass(frozen=True, slots=True, kw_only=True)
class Nvram:
    """The boot entries of the machine that will start the host.

    ``ordered`` says that an entry must be one that is tried by itself.
    """

    entries: tuple[BootEntry, ...]
    order: tuple[str, ...]
    ordered: bool = True


def machine_nvram(*, ordered: bool = True) -> Nvram:
    """The boot entries of this machine."""
    return Nvram(entries=read_entries(EFIVARS), order=boot_order(EFIVARS), ordered=ordered)


def check_entry(esp: Esp, nvram: Nvram) -> Finding:
    """The firmware's entry: it is there, leads to this ESP's first loader, and is tried."""
    what = f"{esp.name}, its boot entry"
    loader = firmware_path(esp.layout.systemd_path if esp.starts_images else esp.layout.shim_path)
    found = [
        each
        for each in nvram.entries
        if each.partition == esp.partition.lower()
        and each.loader.lower() == loader.lower()
        and esp.label in {"", each.label}
    ]
    if not found:
        # The removable path starts it, unless something else comes before that.
        return note(what, "the firmware has none that leads to its loader", _RESTORE)
    usable = [each for each in found if each.active and each.number in nvram.order]
    best = (usable or found)[0]
    text = f'Boot{best.number} "{best.label}" leads to its loader'
    if nvram.ordered and not usable:
        return note(what, f"{text}, but the firmware does not try it by itself", _RESTORE)
    return good(what, text)
