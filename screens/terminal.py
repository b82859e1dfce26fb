"""A terminal of lines: where they come from and go to, and how a form is told in them."""

from __future__ import annotations

import termios
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TextIO, TypeVar

from installer.secret import Secret
from screens.forms import Check, Choice, Command, Field, Form, Note, Row, SecretText, Text
from screens.hanging import hanging

_T = TypeVar("_T")
# One less than the narrowest terminal has: some go on to the next line by themselves.
_COLUMNS = 79


@dataclass(frozen=True, slots=True, kw_only=True)
class Terminal:
    """Where lines come from and go to."""

    source: TextIO
    sink: TextIO

    def say(self, text: str = "") -> None:
        """Print lines; one that is too long goes on in the next, between two words."""
        self.show("\n".join(hanging(text, _COLUMNS)) if text.strip() else text)

    def show(self, line: str) -> None:
        """Print a line as it is."""
        print(line, file=self.sink, flush=True)

    def ask(self, prompt: str, *, secret: bool = False) -> str:
        """Print the prompt and read a line; a secret is not echoed."""
        print(prompt, end="", file=self.sink, flush=True)
        with _no_echo(self.source) if secret else _as_it_is():
            line = self.source.readline()
        if secret:
            self.say()
        if not line:
            raise EOFError
        return line.rstrip("\r\n")


def items_of(form: Form) -> tuple[Field | Command | Row, ...]:
    """What has a number: everything but the notes."""
    return tuple(item for item in (*form.items, *form.commands) if not isinstance(item, Note))


def numbered(items: tuple[_T, ...], answer: str) -> _T | None:
    """The item whose number (from 1) was typed."""
    if not (answer.isascii() and answer.isdigit() and 1 <= int(answer) <= len(items)):
        return None
    return items[int(answer) - 1]


def summary(item: Field | Command | Row) -> str:
    """One line for what can be changed or done."""
    match item:
        case Command():
            key = f"{item.key}: " if item.key else ""
            refused = f"  ! not now: {item.refused}" if item.refused else ""
            return f"{key}{item.label}{refused}"
        case Row():
            return item.text
        case Check():
            refused = f"  ! not now: {item.refused}" if item.refused else ""
            detail = "".join(f" - {each}" for each in item.detail)
            return f"{item.label}: {'yes' if item.value else 'no'}{detail}{refused}"
        case Choice():
            labels = (option.label for option in item.options if option.value == item.value)
            return f"{item.label}: {next(labels, 'none yet')}"
        case SecretText():
            typed = item.kept or item.value != Secret("")
            return f"{item.label}: {'set' if typed else 'not set'}"
        case Text():
            return f"{item.label}: {item.value}"


@contextmanager
def _no_echo(source: TextIO) -> Iterator[None]:
    """Nothing that is typed is shown; what is no terminal has no echo."""
    if not source.isatty():
        yield
        return
    descriptor = source.fileno()
    before = termios.tcgetattr(descriptor)
    silent = termios.tcgetattr(descriptor)
    silent[3] &= ~termios.ECHO
    termios.tcsetattr(descriptor, termios.TCSADRAIN, silent)
    try:
        yield
    finally:
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)


@contextmanager
def _as_it_is() -> Iterator[None]:
    yield
