"""A terminal of lines: where they come from and go to, and how a form is shown in them."""

from __future__ import annotations

import os
import select
import termios
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TextIO, TypeVar

from installer.secret import Secret
from screens.forms import Check, Choice, Command, Field, Form, Note, Row, SecretText, Text
from screens.hanging import hanging
from screens.typed import one_line

_T = TypeVar("_T")
# One less than the narrowest terminal has: some go on to the next line by themselves.
_COLUMNS = 79
_IDLE_SECONDS = 1.0
_READ = 4096


class Terminal:
    """Where lines come from and go to. ``idle`` is called every second while a line is awaited."""

    def __init__(self, source: TextIO, sink: TextIO) -> None:
        self._source = source
        self._sink = sink
        self._descriptor = _descriptor(source)
        self._read = b""
        self._ended = False
        self.idle: Callable[[], None] = lambda: None

    def say(self, text: str = "") -> None:
        """Print lines; one that is too long goes on in the next, between two words."""
        self.show("\n".join(hanging(text, _COLUMNS)) if text.strip() else text)

    def show(self, line: str) -> None:
        """Print a line as it is, as far as the terminal has the characters."""
        self._put(f"{line}\n")

    def ask(self, prompt: str, *, secret: bool = False) -> str:
        """Print the prompt and read a line; a secret is not echoed.

        Control characters are left out. What is not text is asked for again: half a password is
        worse than none.

        :raises EOFError: there are no more lines, or nobody can read the prompt.
        """
        while True:
            self._put(prompt)
            with _no_echo(self._descriptor) if secret else _as_it_is():
                line = self._line()
            if secret:
                self.say()
            if line is None:
                self.say()
                raise EOFError
            try:
                return one_line(line.decode("utf-8"))
            except UnicodeDecodeError:
                self.say("! This is not UTF-8 text: nothing was changed. Type it again.")

    def pressed(self, seconds: float) -> bool:
        """Wait so long for a line, without an answer to anything; True when one has come."""
        if self._descriptor is None:
            time.sleep(seconds)
            return False
        if b"\n" not in self._read and not self._fill(seconds):
            return False
        line = self._line()
        if line is None:
            raise EOFError
        return True

    def _put(self, text: str) -> None:
        encoding = getattr(self._sink, "encoding", None) or "utf-8"
        fit = text.encode(encoding, "backslashreplace").decode(encoding)
        try:
            print(fit, end="", file=self._sink, flush=True)
        except OSError as error:  # the line was cut
            raise EOFError from error

    def _line(self) -> bytes | None:
        """The next line, without its end; None after the last one."""
        if self._descriptor is None:
            return self._source.readline().encode("utf-8", "surrogateescape") or None
        while b"\n" not in self._read:
            if self._ended:
                rest, self._read = self._read, b""
                return rest or None
            if not self._fill(_IDLE_SECONDS):
                self.idle()
        line, _end, self._read = self._read.partition(b"\n")
        return line

    def _fill(self, seconds: float) -> bool:
        """Take in what has come; False when that is nothing. A line that was cut has ended."""
        if self._descriptor is None or not select.select([self._descriptor], [], [], seconds)[0]:
            return False
        try:
            data = os.read(self._descriptor, _READ)
        except OSError:
            data = b""
        self._read += data
        self._ended = not data
        return True


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


def _descriptor(source: TextIO) -> int | None:
    """The file below ``source``; None for one in memory."""
    try:
        return source.fileno()
    except OSError:
        return None


@contextmanager
def _no_echo(descriptor: int | None) -> Iterator[None]:
    """Nothing that is typed is shown; what is no terminal has no echo."""
    if descriptor is None or not os.isatty(descriptor):
        yield
        return
    before = termios.tcgetattr(descriptor)
    silent = termios.tcgetattr(descriptor)
    silent[3] &= ~termios.ECHO
    termios.tcsetattr(descriptor, termios.TCSADRAIN, silent)
    try:
        yield
    finally:
        # A terminal that is gone has no echo to be put back.
        with suppress(termios.error):
            termios.tcsetattr(descriptor, termios.TCSADRAIN, before)


@contextmanager
def _as_it_is() -> Iterator[None]:
    yield
