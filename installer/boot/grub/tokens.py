"""The words of a GRUB script, each with its position in the text.

As GRUB's own lexer has it, a brace that is not quoted is a token of its own wherever it is.
https://git.savannah.gnu.org/cgit/grub.git/tree/grub-core/script/yylex.l
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from installer.boot.grub.errors import LimitError, ScriptError

_BLANK = " \t\r"
_ENDS = ";\n"
_BRACES = "{}"
_WORD_ENDS = frozenset(_BLANK + _ENDS + _BRACES)
_PLAIN = re.compile(r"[^ \t\r;\n{}'\"\\$]+")
_QUOTED_PLAIN = re.compile(r"[^\"\\$]+")
_NAME = r"(?:[A-Za-z_][A-Za-z0-9_]*|[0-9]+|[?*@#])"
_VARIABLE = re.compile(rf"\$(?:(?P<name>{_NAME})|\{{(?P<inside>{_NAME})\}})")
_SPACES = re.compile(r"[ \t\n\r\f\v]+")
_MOST_TOKENS = 1 << 18
_LONGEST = 1 << 16  # characters of a command with the values of its variables


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A piece of a word: text, or the name of a variable, which may be in quotes."""

    text: str
    variable: bool = False
    quoted: bool = False


Word = tuple[Part, ...]


class Token(NamedTuple):
    """A word, or (``mark``) a brace or the end of a command; ``start`` and ``end`` of its text.

    ``plain`` is the text of a word without variable, quotation mark or backslash: only that can be
    a keyword.
    """

    start: int
    end: int
    mark: str = ""
    plain: str = ""
    word: Word = ()


def tokens(text: str) -> list[Token]:
    """The tokens of a script; several ends of a command in a row are one.

    :raises ScriptError: a quotation mark is missing, or it is far too long.
    """
    found: list[Token] = []
    for each in _tokens(text):
        if each.mark == ";" and found and found[-1].mark == ";":
            continue
        if len(found) == _MOST_TOKENS:
            raise ScriptError("it is far too long")
        found.append(each)
    return found


def expanded(words: Iterable[Word], variables: Mapping[str, str]) -> list[str]:
    """The words of a command with the values of its variables.

    As in GRUB, a variable that is not in quotes is split at blanks, and a word disappears of which
    nothing is left.

    :raises LimitError: a variable that doubles itself a few dozen times would fill the memory.
    """
    found: list[str] = []
    room = _LONGEST
    for word in words:
        current: str | None = None
        for part in word:
            for number, piece in enumerate(_pieces(part, variables)):
                room -= len(piece) + 1
                if room < 0:
                    raise LimitError("has a command that is far too long")
                if number:
                    found.append(current or "")
                    current = None
                current = piece if current is None else current + piece
        if current is not None:
            found.append(current)
    return found


def _pieces(part: Part, variables: Mapping[str, str]) -> list[str]:
    """What a part adds: to the word before it, and as further words."""
    if not part.variable:
        return [part.text]
    value = variables.get(part.text, "")
    if part.quoted:
        return [value]
    return _SPACES.split(value.rstrip(" \t\n\r\f\v")) if value.strip(" \t\n\r\f\v") else []


def _tokens(text: str) -> Iterator[Token]:
    at = 0
    while at < len(text):
        character = text[at]
        if character in _BLANK:
            at += 1
        elif text.startswith("\\\n", at):
            at += 2
        elif character in _ENDS or character in _BRACES:
            yield Token(at, at + 1, mark=character if character in _BRACES else ";")
            at += 1
        elif character == "#":
            end = text.find("\n", at)
            at = len(text) if end < 0 else end
        else:
            token = _word(text, at)
            yield token
            at = token.end


def _word(text: str, start: int) -> Token:
    parts: list[Part] = []
    at = start
    while at < len(text) and text[at] not in _WORD_ENDS:
        match text[at]:
            case "'":
                end = _closing(text, at + 1)
                parts.append(Part(text=text[at + 1 : end]))
                at = end + 1
            case '"':
                at = _quoted(text, at + 1, parts)
            case _:
                at = _piece(text, at, parts)
    word = _merged(parts)
    written = text[start:at]
    return Token(start, at, plain=written if word == (Part(text=written),) else "", word=word)


def _merged(parts: list[Part]) -> Word:
    """The same word with as few parts as it can have."""
    found: list[Part] = []
    texts: list[str] = []
    for part in (*parts, None):
        if part is not None and not part.variable:
            texts.append(part.text)
            continue
        if texts:
            found.append(Part(text="".join(texts)))
            texts = []
        if part is not None:
            found.append(part)
    return tuple(found)


def _quoted(text: str, at: int, parts: list[Part]) -> int:
    parts.append(Part(text=""))
    while at < len(text) and text[at] != '"':
        at = _piece(text, at, parts, quoted=True)
    if at >= len(text):
        raise ScriptError("a quotation mark is missing")
    return at + 1


def _piece(text: str, at: int, parts: list[Part], *, quoted: bool = False) -> int:
    """Plain characters, an escaped one, or a variable."""
    if text[at] == "\\" and at + 1 < len(text):
        if text[at + 1] != "\n":
            parts.append(Part(text=text[at + 1]))
        return at + 2
    if variable := _VARIABLE.match(text, at):
        name = variable["name"] or variable["inside"]
        parts.append(Part(text=name, variable=True, quoted=quoted))
        return variable.end()
    run = (_QUOTED_PLAIN if quoted else _PLAIN).match(text, at)
    end = run.end() if run else at + 1
    parts.append(Part(text=text[at:end]))
    return end


def _closing(text: str, at: int) -> int:
    end = text.find("'", at)
    if end < 0:
        raise ScriptError("a quotation mark is missing")
    return end
