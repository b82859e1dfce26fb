"""What a screen shows and asks, as data; the urwid and the line-mode renderer read the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from installer.secret import Secret
from screens.typed import LONGEST


class Tone(StrEnum):
    """How a note is meant; each is also marked by a character, not by colour alone."""

    PLAIN = "body"
    TITLE = "title"
    DIM = "dim"
    WARNING = "warning"
    PROBLEM = "problem"
    GOOD = "good"


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """Text to read; line breaks are kept."""

    text: str
    tone: Tone = Tone.PLAIN


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A line to type. ``hint`` is shown beside or below it, ``width`` is in columns.

    ``limit`` are the most characters that it takes.
    """

    id: str
    label: str
    value: str
    hint: str = ""
    width: int = 40
    limit: int = LONGEST


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretText:
    """A password to type, never shown. ``kept`` says that one is set already."""

    id: str
    label: str
    value: Secret
    kept: bool = False
    limit: int = LONGEST


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One of the things to choose from; ``refused`` is the reason why it cannot be chosen."""

    value: str
    label: str
    detail: tuple[str, ...] = ()
    refused: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Exactly one of ``options``; ``value`` may be that of none yet."""

    id: str
    label: str
    value: str
    options: tuple[Option, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """Something to have or not; ``refused`` is the reason why it cannot be had."""

    id: str
    label: str
    value: bool
    detail: tuple[str, ...] = ()
    refused: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """Something to do on this screen, apart from going on or back.

    ``key`` does it from anywhere on a screen where nothing is typed; ``refused`` is the reason why
    it cannot be done now.
    """

    id: str
    label: str
    key: str = ""
    refused: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A line of a table, to be opened; ``detail`` are lines below it, ``problem`` what is wrong."""

    id: str
    text: str
    detail: tuple[str, ...] = ()
    problem: str = ""


Item = Note | Text | SecretText | Choice | Check | Command | Row
Field = Text | SecretText | Choice | Check

YES = "yes"


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """A whole screen.

    ``start`` names the field that has the focus first ("" is the Next button); ``commands`` stand
    beside that button.
    """

    items: tuple[Item, ...]
    commands: tuple[Command, ...] = ()
    start: str = ""
    next_label: str = "Next"

    def fields(self) -> tuple[Field, ...]:
        """The items that hold a value, in their order."""
        return tuple(item for item in self.items if not isinstance(item, Note | Command | Row))

    def item(self, name: str) -> Item | None:
        """The item with that id."""
        return next((each for each in self.items if getattr(each, "id", "") == name), None)

    def command_for(self, key: str) -> Command | None:
        """What a key does here, when there is nothing to type it into."""
        if any(isinstance(item, Text | SecretText) for item in self.items):
            return None
        commands = [item for item in (*self.items, *self.commands) if isinstance(item, Command)]
        return next((each for each in commands if each.key and each.key == key), None)

    def field_ids(self) -> tuple[str, ...]:
        """The ids of the fields, in their order."""
        return tuple(field.id for field in self.fields())


def bounded(form: Form, limits: Mapping[str, int]) -> Form:
    """The form whose lines to type in take no more than ``limits`` says.

    Secrets are left as they are: one that was cut off unseen would be set, and nobody would know
    it. What is too long for its place is refused by the check.
    """
    items = (
        replace(item, limit=limits[item.id])
        if isinstance(item, Text) and item.id in limits
        else item
        for item in form.items
    )
    return replace(form, items=tuple(items))


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldProblem:
    """What is wrong with the value of a field: the rule, and what to do next.

    ``planned``: the plan refuses it, not the check. ``shared``: what was said on other screens may
    be the cause.
    """

    field: str
    message: str
    hint: str = ""
    planned: bool = False
    shared: bool = False

    def __str__(self) -> str:
        return f"{self.message} - {self.hint}" if self.hint else self.message
