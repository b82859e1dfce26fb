"""The keys: the one table that the screens obey and that the help is made from."""

from __future__ import annotations

from collections.abc import Iterator
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


class Place(StrEnum):
    """The kinds of screens, by the keys that mean something there."""

    FORM = "form"
    TABLE = "table"
    ACTIONS = "actions"
    PROGRESS = "progress"
    FOLLOWING = "following"
    END = "end"


_ROWS = frozenset({Place.FORM, Place.TABLE, Place.ACTIONS, Place.END})
_WALK = frozenset({Place.FORM, Place.TABLE, Place.ACTIONS})
_EVERYWHERE = frozenset(Place)


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """One line of the table.

    ``keys`` are urwid's names; ``shown`` is what is printed on the key; ``act`` is None for keys
    that the widgets understand by themselves. ``footer`` is its word in the bottom bar.
    ``places`` are the screens where it does this.
    """

    keys: tuple[str, ...]
    shown: str
    meaning: str
    act: Act | None = None
    footer: str = ""
    places: frozenset[Place] = _ROWS


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
        places=frozenset({Place.FORM, Place.TABLE}),
    ),
    Key(
        keys=("esc",),
        shown="Esc",
        meaning="the screen before, or close this window; nothing is lost",
        act=Act.BACK,
        footer="Back",
        places=_WALK,
    ),
    Key(
        keys=("esc", "f3", "ctrl c"),
        shown="Esc",
        meaning="cancel the installation (it asks first)",
        footer="Cancel the installation",
        places=frozenset({Place.PROGRESS}),
    ),
    Key(
        keys=("enter",),
        shown="Enter",
        meaning="take over from the other console (it asks first)",
        footer="Take over",
        places=frozenset({Place.FOLLOWING}),
    ),
    Key(
        keys=("f1",),
        shown="F1",
        meaning="this help",
        act=Act.HELP,
        footer="Help",
        places=_EVERYWHERE,
    ),
    Key(
        keys=("f3", "ctrl c"),
        shown="F3 Ctrl-C",
        meaning="quit the installer (it asks first)",
        act=Act.QUIT,
        footer="Quit",
    ),
    Key(
        keys=("ctrl l",),
        shown="Ctrl-L",
        meaning="draw the screen again",
        act=Act.REDRAW,
        places=_EVERYWHERE,
    ),
)

# Beside those above, where there is a line to type in.
FIELD_KEYS: tuple[Key, ...] = (
    Key(
        keys=("ctrl u", "ctrl w"),
        shown="Ctrl-U -W",
        meaning="delete to the start, or the word before the cursor",
    ),
)
# In the editor's table, beside those above.
EDITOR_KEYS: tuple[Key, ...] = (
    Key(keys=("u", "ctrl z"), shown="u Ctrl-Z", meaning="undo the last edit", footer="Undo"),
    Key(keys=("r", "ctrl y"), shown="r Ctrl-Y", meaning="redo it", footer="Redo"),
    Key(keys=("x",), shown="x", meaning="discard all changes", footer="Reset"),
    Key(
        keys=("f",),
        shown="f",
        meaning="fix boot problems",
        footer="Fix",
    ),
)
_ALIASES = {other: line.keys[0] for line in EDITOR_KEYS for other in line.keys[1:]}


def shortcut(key: str) -> str:
    """The letter that commands are known by, for a key that means the same."""
    return _ALIASES.get(key, key)


def act_of(key: str) -> Act | None:
    """What ``key`` (urwid's name) does on every screen; None when the focused field decides."""
    return next((line.act for line in KEYS if line.act and key in line.keys), None)


def active(place: Place, *, typing: bool = False) -> Iterator[Key]:
    """The keys that do something there; ``typing``: there is a line to type in."""
    yield from (line for line in KEYS if place in line.places)
    if typing:
        yield from FIELD_KEYS
    if place is Place.TABLE:
        yield from EDITOR_KEYS


def help_lines(place: Place, *, typing: bool = False) -> tuple[str, ...]:
    """The keys that do something there, as text."""
    return tuple(f"{line.shown:<10} {line.meaning}" for line in active(place, typing=typing))


def footer_line(place: Place) -> str:
    """The keys worth remembering, for the bottom bar."""
    if place is Place.TABLE:
        own = "  ".join(f"{line.keys[0]} {line.footer}" for line in EDITOR_KEYS if line.footer)
        return f"Enter Open  {own}  F10 Done  Esc Back  F1 Help"
    told = (line for line in active(place) if line.footer)
    return "  ".join(f"{line.shown.split(' ')[0]} {line.footer}" for line in told)
