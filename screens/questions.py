"""What the dialogs ask, as data; the urwid and the line-mode renderer ask the same."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from installer.machine import Disk
from screens import keys
from screens.engine import PlanView
from screens.steps.disk import disk_line, serial_text, short_name
from screens.steps.review import disk_changes

SAVE_PATH = "/root/photon.json"
LOG_PATH = "/root/photon-install.log"
_WIDTH = 66
_DISKS_IN_FULL, _DISKS_SHOWN = 3, 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a dialog asks. ``answer`` is called with the typed text (or "") when it is confirmed.

    ``refuse`` says why a typed text will not do ("" when it will). Without ``confirm`` the dialog
    only tells something. The harmless button is the default.
    """

    title: str
    lines: tuple[str, ...]
    confirm: str = ""
    cancel: str = "Cancel"
    label: str = ""
    text: str = ""
    answer: Callable[[str], None] = lambda _text: None
    refuse: Callable[[str], str] = lambda _text: ""


def tell(title: str, text: str) -> Question:
    """Something to read."""
    return Question(title=title, lines=lines(text), cancel="Close")


def help_on_keys(*, editing: bool = False) -> Question:
    """The key table."""
    return Question(title="Keys", lines=keys.help_lines(editing=editing), cancel="Close")


def really_quit(answer: Callable[[str], None]) -> Question:
    """Whether to leave; what was typed goes with it."""
    return Question(
        title="Quit",
        lines=lines("Quit the installer? It starts again, and what was typed is lost."),
        confirm="Quit",
        cancel="Stay",
        answer=answer,
    )


def really_cancel(answer: Callable[[str], None]) -> Question:
    """Whether to stop an installation that runs."""
    text = (
        "Cancel the installation? Until the first filesystem is made, the disk becomes again "
        "what it was; after that, what the review said will be lost is lost, and the new host "
        "does not boot."
    )
    return Question(
        title="Cancel the installation",
        lines=lines(text),
        confirm="Cancel the installation",
        cancel="Go on installing",
        answer=answer,
    )


def save_kickstart(answer: Callable[[str], None]) -> Question:
    """Where to save the kickstart."""
    text = (
        "The kickstart repeats this installation. It holds hashes, not passwords, and only root "
        "can read it. The installer runs from memory: name a place that outlives it."
    )
    return _path("Save as kickstart", text, SAVE_PATH, answer)


def save_log(answer: Callable[[str], None]) -> Question:
    """Where to save the log."""
    text = "The installer runs from memory: name a place that outlives it."
    return _path("Save the log", text, LOG_PATH, answer)


def erase_disk(plan: PlanView, wiped: tuple[Disk, ...], answer: Callable[[str], None]) -> Question:
    """The last question before anything is written: the name of the disk must be typed."""
    changes = disk_changes(plan.storage, wiped)
    erased = tuple(each.disk for each in changes if each.erased)
    name = short_name((erased or tuple(each.disk for each in changes))[0])

    def refuse(text: str) -> str:
        return "" if text.strip() == name else f"Type {name} to go on, or choose Cancel."

    many = f"these {len(erased)} disks" if len(erased) > 1 else "this disk"
    groups = {f"Everything on {many} will be lost:": erased} if erased else {}
    for each in changes:
        if not each.erased:
            groups[f"{each.text}:"] = (*groups.get(f"{each.text}:", ()), each.disk)
    room = _DISKS_SHOWN // len(groups)
    told = (line for head, disks in groups.items() for line in (head, *_disk_lines(disks, room)))
    return Question(
        title="Erase the disk?" if erased else "Change the disk?",
        lines=(*told, "", f"Type {name} to confirm."),
        confirm="Erase and install" if erased else "Change and install",
        label="Disk to erase" if erased else "Disk to change",
        answer=answer,
        refuse=refuse,
    )


def _disk_lines(disks: tuple[Disk, ...], room: int) -> Iterator[str]:
    """Each disk with its serial number; of many only so many as a window has room for."""
    if len(disks) <= _DISKS_IN_FULL:
        for disk in disks:
            yield f"  {disk_line(disk)}"
            yield f"  {serial_text(disk)}"
        return
    for disk in disks[:room]:
        yield f"  {disk_line(disk)}"
    if len(disks) > room:
        yield f"  and {len(disks) - room} more, as the review tells"


def _path(title: str, text: str, path: str, answer: Callable[[str], None]) -> Question:
    return Question(
        title=title,
        lines=lines(text),
        confirm="Save",
        label="File",
        text=path,
        answer=lambda typed: answer(typed.strip()),
        refuse=lambda typed: "" if typed.strip().startswith("/") else "Type a path from / on.",
    )


def lines(text: str) -> tuple[str, ...]:
    """The text in lines that fit a dialog."""
    wrapped = (textwrap.wrap(part, _WIDTH, break_on_hyphens=False) for part in text.splitlines())
    return tuple(line for part in wrapped for line in part)
