"""The answers that are given before anybody has typed one: from the console and the machine."""

from __future__ import annotations

from collections.abc import Callable

from installer.machine.facts import Disk, Machine
from installer.plan.disks import kickstart_reason
from screens.draft import draft as drafts
from screens.draft.draft import Draft


def first_draft(console: str, baud: int) -> Draft:
    """The draft at the start: who works on a serial line wants the host to use it, too."""
    name = console.rpartition("/")[2]
    if not name.startswith(("ttyS", "ttyAMA", "ttyUSB")):
        return Draft()
    return Draft(boot_console=f"{name},{baud}" if baud else name)


def with_likely(draft: Draft, machine: Machine, refusal: Callable[[Disk], str]) -> Draft:
    """The draft with the disk that it has chosen, or the only one that can be used, and likewise
    with the only interface, or the only one with a cable in."""
    usable = [disk.path for disk in machine.disks if not (refusal(disk) or kickstart_reason(disk))]
    chosen = drafts.disk_now(draft, machine)
    # With more disks than one the person says which.
    chosen = chosen or (usable[0] if len(usable) == 1 else "")
    draft = drafts.update(draft, "disk", chosen, machine)
    cabled = [each for each in machine.interfaces if each.carrier]
    likely = machine.interfaces if len(machine.interfaces) == 1 else cabled
    if len(likely) == 1 and not draft.interface:
        draft = drafts.update(draft, "interface", likely[0].name, machine)
    return draft
