"""A JSON reader that keeps the place of every value and explains what it cannot read.

The standard library's reader forgets places, takes NaN, and lets the last of two equal keys win.
"""

from __future__ import annotations

import json
import math
import re
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ks_schema.document import Position

MAX_DEPTH = 32
MAX_INTEGER = 1 << 63
MAX_KEY = 256
MAX_POINTERS = 16 << 20
# Of a kickstart: PyYAML takes 20 microseconds for each, and the check some more.
MAX_VALUES = 1 << 15
# Of other data, such as the names in a payload's index.
MAX_DATA_VALUES = 1 << 17
TOO_MANY_HINT = "a long script or list belongs into a file that the host fetches"

_SPACE = re.compile(r"[ \t\r\n]*")
_NUMBER = re.compile(r"(-?(?:0|[1-9][0-9]*))(\.[0-9]+)?([eE][-+]?[0-9]+)?")
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_TEXTS = json.JSONDecoder()
_WORDS = {"true": True, "false": False, "null": None}
_BAD_WORDS = {
    "True": "write true in small letters",
    "False": "write false in small letters",
    "None": "write null, or leave the key out",
    "NaN": "only real numbers are allowed",
    "Infinity": "only real numbers are allowed",
}


class Fault(ValueError):
    """Why a text cannot be read, and where; line and column count from 1."""

    def __init__(self, message: str, line: int, column: int, hint: str = "") -> None:
        super().__init__(f"line {line}, column {column}: {message}")
        self.message = message
        self.line = line
        self.column = column
        self.hint = hint


class Positions(dict[str, Position]):
    """The place of each value by JSON pointer, as long as they do not fill the memory or take long.

    A long key with a long list in it, which fit into a mebibyte, have gibibytes of pointers.
    """

    def __init__(self, most: int = MAX_VALUES) -> None:
        super().__init__()
        self._most = most
        self._values = 0
        self._left = MAX_POINTERS

    def add(self, pointer: str, place: Position) -> str:
        """Remember a place; why this is one too many, or ""."""
        self._values += 1
        self._left -= len(pointer)
        self.setdefault(pointer, place)
        if self._values > self._most:
            return f"there are more than {self._most} values in this text"
        return "" if self._left >= 0 else "there are too many values in too long keys"


@dataclass(frozen=True, slots=True, kw_only=True)
class Parsed:
    """The value of a text, and the place of each value in it by JSON pointer."""

    data: Any
    positions: Mapping[str, Position] = field(default_factory=dict)


def read_json(text: str, *, most: int = MAX_VALUES) -> Parsed:
    """The one value in ``text``, which may have ``most`` values in it.

    :raises Fault: it is not JSON (RFC 8259), has a key twice, is nested too deeply or too long.
    """
    reader = _Reader(text, most)
    data = reader.value(0, "", 0)
    reader.finish()
    return Parsed(data=data, positions=reader.positions)


def json_data(text: str | bytes) -> Any:
    """The plain data in JSON from outside; bytes are UTF-8.

    Unlike that of the standard library it has an end to its depth, to its numbers and to how many
    values it has, and no text in it that a file, an argument or a terminal could not take.

    :raises ValueError: it is not JSON; for any text, nothing else is raised.
    """
    plain = text if isinstance(text, str) else text.decode("utf-8")
    return read_json(plain, most=MAX_DATA_VALUES).data


def child(pointer: str, key: str | int) -> str:
    """The JSON pointer of a member or item of the value at ``pointer``."""
    return f"{pointer}/{str(key).replace('~', '~0').replace('/', '~1')}"


def second_time(first: Position) -> str:
    """What to say of a key that comes twice.

    It is not repeated: a password that was written as a key is one that no message may show.
    """
    return f"this key is here for the second time; it stands in line {first.line} already"


def usable_text(text: str) -> str:
    """The text itself.

    :raises ValueError: it has characters that no file name, argument or UTF-8 file can hold.
    """
    if "\0" in text:
        raise ValueError("a text cannot hold the character NUL")
    if not text.isascii() and re.search("[\ud800-\udfff]", text):
        raise ValueError("half of a surrogate pair is not a character")
    return text


def unusable_key(key: str) -> str:
    """Why no object may have this key; "" when it may. The key is not repeated."""
    if not key.isprintable():
        return "a key cannot hold control characters"
    return f"a key has at most {MAX_KEY} characters" if len(key) > MAX_KEY else ""


def usable_number(whole: str, fraction: str = "", exponent: str = "") -> int | float:
    """The number that is written so; a whole one is an int, however it is written.

    :raises ValueError: it is too large to mean anything here.
    """
    if not fraction and not exponent:
        # The length is looked at first: int() takes quadratic time, and refuses 4301 digits.
        if len(whole) > 20 or abs(int(whole)) >= MAX_INTEGER:
            raise ValueError("this number is too large")
        return int(whole)
    number = float(whole + fraction + exponent)
    if not math.isfinite(number):
        raise ValueError("this number is too large")
    return int(number) if number.is_integer() and abs(number) < MAX_INTEGER else number


class _Reader:
    """One pass over a text; ``at`` is the index of the next character."""

    def __init__(self, text: str, most: int) -> None:
        self.text = text
        self.at = 0
        self.positions = Positions(most)
        self._line_starts = [0, *(match.end() for match in re.finditer("\n", text))]

    def value(self, depth: int, pointer: str, place: int) -> Any:
        self._skip()
        if fault := self.positions.add(pointer, self._position(place or self.at)):
            raise self._fault(fault, hint=TOO_MANY_HINT)
        if depth > MAX_DEPTH:
            raise self._fault(f"more than {MAX_DEPTH} levels of nesting")
        match self._next():
            case "{":
                return self._object(depth, pointer)
            case "[":
                return self._list(depth, pointer)
            case '"':
                return self._text()
            case _:
                return self._number_or_word()

    def finish(self) -> None:
        self._skip()
        if self.at < len(self.text):
            raise self._fault("the document ends before this", hint="is a brace too many above?")

    def _object(self, depth: int, pointer: str) -> dict[str, Any]:
        opened = self.at
        found: dict[str, Any] = {}
        self.at += 1
        self._skip()
        while self._next() != "}":
            key_at = self.at
            key = self._key(opened)
            if fault := unusable_key(key):
                raise self._fault(fault, at=key_at)
            if key in found:
                first = self.positions[child(pointer, key)]
                raise self._fault(second_time(first), at=key_at)
            self._skip()
            if self._next() != ":":
                # The text is not repeated: with a comma in the colon's place it may be a password.
                raise self._fault("a colon must follow the key before this")
            self.at += 1
            found[key] = self.value(depth + 1, child(pointer, key), key_at)
            self._separator("}", opened)
        self.at += 1
        return found

    def _list(self, depth: int, pointer: str) -> list[Any]:
        opened = self.at
        found: list[Any] = []
        self.at += 1
        self._skip()
        while self._next() != "]":
            found.append(self.value(depth + 1, child(pointer, len(found)), 0))
            self._separator("]", opened)
        self.at += 1
        return found

    def _separator(self, end: str, opened: int) -> None:
        self._skip()
        if self._next() == end:
            return
        if self._next() != ",":
            if self.at >= len(self.text):
                raise self._unclosed(opened)
            raise self._fault(f"a comma or {end} must stand here", hint="is a comma missing above?")
        comma = self.at
        self.at += 1
        self._skip()
        if self._next() == end:
            raise self._fault(f"a comma before {end}", at=comma, hint="take the comma away")

    def _key(self, opened: int) -> str:
        if self._next() == '"':
            return self._text()
        if self.at >= len(self.text):
            raise self._unclosed(opened)
        raise self._fault("a key in double quotes must stand here")

    def _text(self) -> str:
        start = self.at
        try:
            text, self.at = _TEXTS.raw_decode(self.text, start)
            return usable_text(text)
        except json.JSONDecodeError as error:
            raise self._text_fault(error, start) from None
        except ValueError as error:
            raise self._fault(str(error), at=start) from None

    def _text_fault(self, error: json.JSONDecodeError, start: int) -> Fault:
        if error.msg.startswith("Unterminated"):
            return self._fault("this text has no closing quote", at=start)
        if error.msg.startswith("Invalid control"):
            return self._fault(
                "a line break or control character inside a text", at=error.pos, hint=r"write \n"
            )
        return self._fault(
            r"a backslash that begins no escape", at=error.pos, hint=r"a backslash is written \\"
        )

    def _number_or_word(self) -> Any:
        if number := _NUMBER.match(self.text, self.at):
            try:
                value = usable_number(number[1], number[2] or "", number[3] or "")
            except ValueError as error:
                raise self._fault(str(error)) from None
            self.at = number.end()
            return value
        word = _WORD.match(self.text, self.at)
        if word and word[0] in _WORDS:
            self.at = word.end()
            return _WORDS[word[0]]
        hint = _BAD_WORDS.get(word[0], "texts stand in double quotes") if word else ""
        if self.at >= len(self.text):
            raise self._fault("the text ends where a value must stand")
        raise self._fault("a value must stand here", hint=hint)

    def _skip(self) -> None:
        match = _SPACE.match(self.text, self.at)
        self.at = match.end() if match else self.at
        if self.text.startswith(("//", "/*", "#"), self.at):
            raise self._fault("JSON has no comments", hint="remove it, or write YAML")

    def _next(self) -> str:
        return self.text[self.at : self.at + 1]

    def _unclosed(self, opened: int) -> Fault:
        place = self._position(opened)
        return self._fault(
            f"the text ends, but the {self.text[opened]} of line {place.line}, column "
            f"{place.column} is still open"
        )

    def _fault(self, message: str, *, at: int | None = None, hint: str = "") -> Fault:
        place = self._position(self.at if at is None else at)
        return Fault(message, place.line, place.column, hint)

    def _position(self, index: int) -> Position:
        line = bisect_right(self._line_starts, index)
        return Position(line, index - self._line_starts[line - 1] + 1)
