"""GRUB's menu language, as far as it must be read to know what a menu starts.

A small reader, not a GRUB: https://www.gnu.org/software/grub/manual/grub/grub.html#Shell_002dlike-scripting
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

_BLANK = " \t\r"
_ENDS = ";\n"
_DEEPEST = 40
_LONGEST = 1 << 16
_OPENING = frozenset({"menuentry", "submenu", "function"})


class ScriptError(ValueError):
    """It is no such script; the text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A piece of a word: plain text, or the name of a variable."""

    text: str
    variable: bool = False


Word = tuple[Part, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A command with its words; ``body`` is what stands in braces behind them."""

    words: tuple[Word, ...]
    body: tuple[Statement, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class If:
    """Branches in their order, each with its condition (for ``else`` none) and its statements."""

    branches: tuple[tuple[tuple[Word, ...], tuple[Statement, ...]], ...]


Statement = Command | If


def expand(word: Word, variables: Mapping[str, str]) -> str:
    """The word with the values of its variables, as far as anybody would write it.

    A variable that doubles itself a few dozen times would fill the memory.
    """
    parts = (variables.get(part.text, "") if part.variable else part.text for part in word)
    return "".join(parts)[:_LONGEST]


def parse_script(text: str) -> tuple[Statement, ...]:
    """The statements of a script.

    :raises ScriptError: it has no such form.
    """
    reader = _Reader(list(_tokens(text)))
    found = reader.statements(0)
    if reader.peek() is not None:
        raise ScriptError(f"an unexpected {reader.plain()!r}")
    return found


class _Reader:
    """The tokens that are still to be read: words, and None for the end of a command."""

    def __init__(self, tokens: list[Word | None]) -> None:
        self._tokens = tokens
        self._at = 0

    def peek(self) -> Word | None:
        """The next word; None at the end."""
        while self._at < len(self._tokens) and self._tokens[self._at] is None:
            self._at += 1
        return self._tokens[self._at] if self._at < len(self._tokens) else None

    def plain(self) -> str:
        """The next word, when it is plain text: a keyword can be nothing else."""
        word = self.peek()
        return word[0].text if word and len(word) == 1 and not word[0].variable else ""

    def statements(self, depth: int) -> tuple[Statement, ...]:
        """All up to a word that closes what is around them."""
        if depth > _DEEPEST:
            raise ScriptError("too many things inside each other")
        found: list[Statement] = []
        while self.peek() is not None and self.plain() not in {"}", "fi", "else", "elif"}:
            if self.plain() == "if":
                found.append(self._if(depth))
            else:
                found.append(self._command(depth))
        return tuple(found)

    def _if(self, depth: int) -> If:
        branches = []
        while True:
            condition = self._words() if self.plain() in {"if", "elif"} else ()
            if condition:
                self._expect("then")
            else:
                self._expect("else")
            branches.append((condition[1:], self.statements(depth + 1)))
            if self.plain() == "fi":
                self._at += 1
                return If(branches=tuple(branches))
            if self.plain() not in {"else", "elif"}:
                raise ScriptError("an if without its fi")

    def _command(self, depth: int) -> Command:
        words = self._words()
        if not (words[-1] == _BRACE and _first(words) in _OPENING):
            return Command(words=words)
        body = self.statements(depth + 1)
        self._expect("}")
        return Command(words=words[:-1], body=body)

    def _words(self) -> tuple[Word, ...]:
        """The words up to the end of the command, or to the brace that opens its body."""
        self.peek()
        found: list[Word] = []
        while self._at < len(self._tokens):
            word = self._tokens[self._at]
            self._at += 1
            if word is None:
                break
            found.append(word)
            if word == _BRACE and _first(found) in _OPENING:
                break
            if _first(found) in {"do", "done"}:  # what is repeated is read once
                found.clear()
        return tuple(found) or (_plain("true"),)

    def _expect(self, keyword: str) -> None:
        if self.plain() != keyword:
            raise ScriptError(f"no {keyword!r} where one must be")
        self._at += 1


def _first(words: list[Word] | tuple[Word, ...]) -> str:
    word = words[0]
    return word[0].text if len(word) == 1 and not word[0].variable else ""


def _plain(text: str) -> Word:
    return (Part(text=text),)


_BRACE = _plain("{")


def _tokens(text: str) -> Iterator[Word | None]:
    at = 0
    while at < len(text):
        character = text[at]
        if character in _BLANK:
            at += 1
        elif text.startswith("\\\n", at):
            at += 2
        elif character in _ENDS:
            yield None
            at += 1
        elif character == "#":
            end = text.find("\n", at)
            at = len(text) if end < 0 else end
        else:
            word, at = _word(text, at)
            yield word


def _word(text: str, at: int) -> tuple[Word, int]:
    parts: list[Part] = []
    while at < len(text) and text[at] not in _BLANK + _ENDS:
        match text[at]:
            case "'":
                end = _closing(text, at + 1, "'")
                parts.append(Part(text=text[at + 1 : end]))
                at = end + 1
            case '"':
                at = _quoted(text, at + 1, parts)
            case _:
                at = _piece(text, at, parts)
    return _merged(parts), at


def _merged(parts: list[Part]) -> Word:
    """The same word with as few parts as it can have."""
    found = [Part(text="")]
    for part in parts:
        if part.variable or found[-1].variable:
            found.append(part)
        else:
            found[-1] = Part(text=found[-1].text + part.text)
    return tuple(found if len(found) == 1 else [part for part in found if part.text])


def _quoted(text: str, at: int, parts: list[Part]) -> int:
    parts.append(Part(text=""))
    while at < len(text) and text[at] != '"':
        at = _piece(text, at, parts)
    if at >= len(text):
        raise ScriptError("a quotation mark is missing")
    return at + 1


def _piece(text: str, at: int, parts: list[Part]) -> int:
    """One character, an escaped one, or a variable."""
    if text[at] == "\\" and at + 1 < len(text):
        parts.append(Part(text="" if text[at + 1] == "\n" else text[at + 1]))
        return at + 2
    if text[at] == "$":
        start = at + 2 if text.startswith("{", at + 1) else at + 1
        end = start
        while end < len(text) and (text[end].isalnum() or text[end] in "_?*@#"):
            end += 1
        if end > start:
            parts.append(Part(text=text[start:end], variable=True))
            return end + 1 if start == at + 2 else end
    parts.append(Part(text=text[at]))
    return at + 1


def _closing(text: str, at: int, mark: str) -> int:
    end = text.find(mark, at)
    if end < 0:
        raise ScriptError("a quotation mark is missing")
    return end
