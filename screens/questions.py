"""What the dialogs ask, as data; the urwid and the line-mode renderer ask the same."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from dataclasses import dataclass

from screens import keys
from screens.engine import PlanView
from screens.steps.disk import disk_line, short_name

SAVE_PATH = "/root/photon.json"
LOG_PATH = "/root/photon-install.log"
_WIDTH = 66


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
    return Question(title=title, lines=_wrapped(text), cancel="Close")


def help_on_keys() -> Question:
    """The key table."""
    return Question(title="Keys", lines=keys.help_lines(), cancel="Close")


def really_quit(answer: Callable[[str], None]) -> Question:
    """Whether to leave; what was typed goes with it."""
    return Question(
        title="Quit",
        lines=_wrapped("Quit the installer? It starts again, and what was typed is lost."),
        confirm="Quit",
        cancel="Stay",
        answer=answer,
    )


def really_cancel(answer: Callable[[str], None]) -> Question:
    """Whether to stop an installation that runs."""
    text = (
        "Cancel the installation? Until the first filesystem is made, the disk becomes again "
        "what it was; after that it will not boot, and what was on it is lost."
    )
    return Question(
        title="Cancel the installation",
        lines=_wrapped(text),
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


def erase_disk(plan: PlanView, answer: Callable[[str], None]) -> Question:
    """The last question before anything is written: the disk's name must be typed."""
    name = short_name(plan.disk)

    def refuse(text: str) -> str:
        return "" if text.strip() == name else f"Type {name} to go on, or choose Cancel."

    return Question(
        title="Erase the disk?",
        lines=(
            "Everything on this disk will be lost:",
            f"  {disk_line(plan.disk)}",
            f"  serial {plan.disk.serial or 'unknown'}",
            "",
            f"Type {name} to confirm.",
        ),
        confirm="Erase and install",
        label="Disk to erase",
        answer=answer,
        refuse=refuse,
    )


def _path(title: str, text: str, path: str, answer: Callable[[str], None]) -> Question:
    return Question(
        title=title,
        lines=_wrapped(text),
        confirm="Save",
        label="File",
        text=path,
        answer=lambda typed: answer(typed.strip()),
        refuse=lambda typed: "" if typed.strip().startswith("/") else "Type a path from / on.",
    )


def _wrapped(text: str) -> tuple[str, ...]:
    wrapped = (textwrap.wrap(part, _WIDTH, break_on_hyphens=False) for part in text.splitlines())
    return tuple(line for lines in wrapped for line in lines)
