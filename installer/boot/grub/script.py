"""The grammar of GRUB's menu language, as far as it must be read to know what a menu starts.

https://www.gnu.org/software/grub/manual/grub/grub.html#Shell_002dlike-scripting
https://git.savannah.gnu.org/cgit/grub.git/tree/grub-core/script/parser.y
"""

from __future__ import annotations

from dataclasses import dataclass

from installer.boot.grub.errors import ScriptError
from installer.boot.grub.tokens import Token, Word, tokens

_DEEPEST = 40
_CLOSING = frozenset({"then", "fi", "else", "elif"})
_REPEATING = frozenset({"do", "done"})  # what is between them is read once


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A command with its words; ``body`` is what is in braces behind them.

    ``source`` is the body as written, with its braces; "" for one inside of another body.
    """

    words: tuple[Word, ...]
    body: tuple[Statement, ...] | None = None
    source: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Branch:
    """A branch of an ``if``: its condition (empty for ``else``), and its statements."""

    condition: tuple[Statement, ...]
    body: tuple[Statement, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class If:
    """The branches in their order."""

    branches: tuple[Branch, ...]


Statement = Command | If


def parse_script(text: str) -> tuple[Statement, ...]:
    """The statements of a script.

    :raises ScriptError: it has no such form.
    """
    parser = _Parser(text)
    found = parser.statements(0)
    if parser.peek() is not None:
        raise ScriptError(f"an unexpected {parser.shown()!r}")
    return found


class _Parser:
    """The tokens that are still to be read."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = tokens(text)
        self._at = 0
        self._bodies = 0

    def peek(self) -> Token | None:
        """The next token that is not the end of a command; None at the end."""
        while self._mark() == ";":
            self._at += 1
        return self._tokens[self._at] if self._at < len(self._tokens) else None

    def shown(self) -> str:
        """The next token as a message has it."""
        token = self.peek()
        return token.mark or token.plain if token else ""

    def statements(self, depth: int) -> tuple[Statement, ...]:
        """All up to a token that closes what is around them."""
        if depth > _DEEPEST:
            raise ScriptError("too many things inside each other")
        found: list[Statement] = []
        while (token := self.peek()) and not token.mark and token.plain not in _CLOSING:
            if token.plain in _REPEATING:
                self._at += 1
            elif token.plain == "if":
                found.append(self._if(depth))
            else:
                found.append(self._command(depth, token.plain))
        return tuple(found)

    def _if(self, depth: int) -> If:
        branches = []
        while True:
            condition: tuple[Statement, ...] = ()
            if self.shown() in {"if", "elif"}:
                self._at += 1
                condition = self.statements(depth + 1)
                if not condition:
                    raise ScriptError("an if without a condition")
                self._expect("then")
            else:
                self._expect("else")
            branches.append(Branch(condition=condition, body=self.statements(depth + 1)))
            if self.shown() == "fi":
                self._at += 1
                return If(branches=tuple(branches))
            if self.shown() not in {"else", "elif"}:
                raise ScriptError("an if without its fi")

    def _command(self, depth: int, name: str) -> Command:
        words = self._words()
        if name == "function":
            self.peek()  # its brace may be on the next line
        if self._mark() != "{":
            return Command(words=words)
        start, nested = self._tokens[self._at].start, self._bodies > 0
        self._at += 1
        self._bodies += 1
        body = self.statements(depth + 1)
        self._bodies -= 1
        self.peek()
        if self._mark() != "}":
            raise ScriptError("no '}' where one must be")
        source = "" if nested else self._text[start : self._tokens[self._at].end]
        self._at += 1
        return Command(words=words, body=body, source=source)

    def _words(self) -> tuple[Word, ...]:
        """The words up to the end of the command, or to a brace."""
        start = self._at
        while self._at < len(self._tokens) and not self._tokens[self._at].mark:
            self._at += 1
        return tuple(each.word for each in self._tokens[start : self._at])

    def _mark(self) -> str:
        """The brace, or the end of a command, that is next; "" when it is a word, or nothing."""
        return self._tokens[self._at].mark if self._at < len(self._tokens) else ""

    def _expect(self, keyword: str) -> None:
        if self.shown() != keyword:
            raise ScriptError(f"no {keyword!r} where one must be")
        self._at += 1
