"""The keys: the one table that the screens obey and that the help is made from."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Act(StrEnum):
    """What a key does on a screen, whichever field has the focus."""

    HELP = "help"
    NEXT = "next"
    BACK = "back"
    QUIT = "quit"
    FORWARD_FIELD = "forward_field"
    BACKWARD_FIELD = "backward_field"
    REDRAW = "redraw"


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """One line of the table.

    ``keys`` are urwid's names; ``shown`` is what is printed on the key; ``act`` is None for keys
    that the widgets understand by themselves. ``footer`` is its word in the bottom bar.
    """

    keys: tuple[str, ...]
    shown: str
    meaning: str
    act: Act | None = None
    footer: str = ""


KEYS: tuple[Key, ...] = (
    Key(keys=("up", "down"), shown="Up Down", meaning="move to the line above or below"),
    Key(
        keys=("tab",),
        shown="Tab",
        meaning="go to the next field or button",
        act=Act.FORWARD_FIELD,
        footer="Move",
    ),
    Key(
        keys=("shift tab",),
        shown="Shift-Tab",
        meaning="go to the field before",
        act=Act.BACKWARD_FIELD,
    ),
    Key(keys=(" ",), shown="Space", meaning="choose the marked line, press the marked button"),
    Key(
        keys=("enter",),
        shown="Enter",
        meaning="accept the field and go on; press the marked button",
        footer="Accept",
    ),
    Key(keys=("page up", "page down"), shown="PgUp PgDn", meaning="scroll a long screen"),
    Key(
        keys=("f10",),
        shown="F10",
        meaning="next screen, from anywhere on this one",
        act=Act.NEXT,
        footer="Next",
    ),
    Key(
        keys=("esc",),
        shown="Esc",
        meaning="the screen before, or close this window; nothing is lost",
        act=Act.BACK,
        footer="Back",
    ),
    Key(keys=("f1",), shown="F1", meaning="this help", act=Act.HELP, footer="Help"),
    Key(
        keys=("f3", "ctrl c"),
        shown="F3",
        meaning="quit the installer (it asks first)",
        act=Act.QUIT,
        footer="Quit",
    ),
    Key(keys=("ctrl l",), shown="Ctrl-L", meaning="draw the screen again", act=Act.REDRAW),
)


# On the editor's screens, beside those above.
EDITOR_KEYS: tuple[Key, ...] = (
    Key(keys=("u", "ctrl z"), shown="u Ctrl-Z", meaning="take the last edit back", footer="Undo"),
    Key(keys=("r", "ctrl y"), shown="r Ctrl-Y", meaning="do it again", footer="Redo"),
    Key(keys=("x",), shown="x", meaning="begin the editing anew", footer="Reset"),
    Key(keys=("f",), shown="f", meaning="mend what keeps the host from starting", footer="Fix"),
)
_ALIASES = {other: line.keys[0] for line in EDITOR_KEYS for other in line.keys[1:]}


def shortcut(key: str) -> str:
    """The letter that commands are known by, for a key that means the same."""
    return _ALIASES.get(key, key)


def act_of(key: str) -> Act | None:
    """What ``key`` (urwid's name) does on every screen; None when the focused field decides."""
    return next((line.act for line in KEYS if key in line.keys), None)


def help_lines(*, editing: bool = False) -> tuple[str, ...]:
    """The key table as text."""
    table = (*KEYS, *EDITOR_KEYS) if editing else KEYS
    return tuple(f"{line.shown:<10} {line.meaning}" for line in table)


def footer_line(*, editing: bool = False, ended: bool = False) -> str:
    """The keys worth remembering, for the bottom bar; after the end nothing is next or before."""
    if editing:
        own = "  ".join(f"{line.keys[0]} {line.footer}" for line in EDITOR_KEYS if line.footer)
        return f"Enter Open  {own}  F10 Done  Esc Back  F1 Help"
    idle = {Act.NEXT, Act.BACK} if ended else set()
    return "  ".join(
        f"{line.shown} {line.footer}" for line in KEYS if line.footer and line.act not in idle
    )
