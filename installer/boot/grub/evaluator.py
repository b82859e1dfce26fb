"""What GRUB does when it runs its menus: one evaluator for all who must know.

Which way it goes where there are several is decided by a :class:`Strategy`; what there is to find
is answered by a :class:`GrubHost`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from installer.boot.grub.commands import COMMANDS
from installer.boot.grub.errors import LimitError, ScriptError
from installer.boot.grub.scope import Entry, GrubFile, Scope, located
from installer.boot.grub.script import Command, If, Statement, parse_script
from installer.boot.grub.tokens import Word, expanded

ENCODING = ("utf-8", "surrogateescape")

_DEEPEST = 40
_MOST_STATEMENTS = 50_000
_MOST_CHARACTERS = 1 << 22  # of all commands together, as they are run
_MOST_BYTES = 1 << 20  # of a menu
_MOST_SCRIPTS = 1 << 22  # bytes of all menus together, each counted as often as it is read
_ENDLESS = "does not come to an end"
_UNKNOWN_FORM = "a menu is not of a form that is known"
_LOOPS = frozenset({"for", "while", "until"})
_ENTRIES = frozenset({"menuentry", "submenu"})
_ENTRY_VALUES = frozenset({"--class", "--id", "--users", "--hotkey"})


class GrubHost(Protocol):
    """A host as GRUB finds it, which also learns what is started."""

    def device(self, uuid: str, *, needed: bool) -> str:
        """What GRUB calls the device with a filesystem; "" when there is none."""

    def script(self, file: GrubFile, *, needed: bool) -> bytes | None:
        """A menu to go on with, or a part of one; None when there is none to follow."""

    def broken(self, written: str, error: ScriptError) -> None:
        """A menu is not a script."""

    def kernel(self, file: GrubFile, arguments: Sequence[str]) -> None:
        """A kernel is loaded."""

    def initrd(self, file: GrubFile) -> None:
        """An initrd is loaded."""


class Strategy(Protocol):
    """Which way is followed."""

    def uncertain(self, reason: str) -> None:
        """What GRUB does is not known for certain; what is likely follows."""

    def command(self, text: str) -> None:
        """A command is run, or an entry is read."""

    def holds(self, arguments: Sequence[str], scope: Scope) -> bool:
        """What GRUB's test command says, outside of the condition of an ``if``."""

    def branches(self, evaluator: Evaluator, scope: Scope, choice: If) -> int:
        """Go through an ``if``; gives the status of its last command."""

    def reads(self, evaluator: Evaluator, path: str, scope: Scope) -> bool:
        """Whether a menu is read with the variables that it sees."""

    def calls(self, evaluator: Evaluator, name: str) -> bool:
        """Whether a function is called."""

    def entries(self, evaluator: Evaluator, scope: Scope) -> None:
        """A menu has been read: start one of its entries, or all."""


@dataclass(slots=True, kw_only=True)
class Evaluator:
    """One start, or one look at everything that could be started.

    ``firmware_setup`` is whether the firmware lets its setup be entered from the system; ``menus``
    and ``calls`` are those that are being read and run.
    """

    host: GrubHost
    strategy: Strategy
    firmware_setup: bool = True
    menus: list[str] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    _functions: dict[str, tuple[Statement, ...]] = field(default_factory=dict)
    _depth: int = 0
    _statements: int = 0
    _characters: int = 0
    _bytes: int = 0

    def menu(self, path: str, scope: Scope) -> None:
        """Read a menu, and start what is started in it.

        :raises LimitError: it does not come to an end.
        """
        file = located(path, scope)
        data = self.host.script(file, needed=True)
        if data is not None:
            self.menus.append(path)
            self.menu_text(data, path, scope)
            self.menus.pop()

    def menu_text(self, data: bytes, path: str, scope: Scope) -> None:
        """The same for a menu that has been read already."""
        scope.set("config_directory", path.rpartition("/")[0])
        scope.exported.add("config_directory")
        self.script(data, path, scope)
        self.strategy.entries(self, scope)

    def entry(self, entry: Entry, scope: Scope) -> None:
        """Start an entry, and what is started in a menu that it is."""
        self._deeper()
        self.run(entry.body, scope)
        self.strategy.entries(self, scope)
        self._depth -= 1

    def script(self, data: bytes, path: str, scope: Scope) -> None:
        """Run a menu, or a part of one, in this scope."""
        if len(data) > _MOST_BYTES:
            self.strategy.uncertain("a menu is far too large")
        text = data[:_MOST_BYTES].decode(*ENCODING)
        self._bytes += len(text)
        if self._bytes > _MOST_SCRIPTS:
            raise LimitError(_ENDLESS)
        try:
            script = parse_script(text)
        except ScriptError as error:
            self.host.broken(path, error)
            return
        self.run(script, scope)

    def run(self, script: tuple[Statement, ...], scope: Scope) -> int:
        """Run statements; gives the status of the last: 0 is well."""
        self._deeper()
        self._count()
        status = 0
        for each in script:
            self._count()
            if isinstance(each, If):
                status = self.strategy.branches(self, scope, each)
            else:
                status = self._command(each, scope)
            scope.variables["?"] = str(status)
        self._depth -= 1
        return status

    def words(self, words: Sequence[Word], scope: Scope) -> list[str]:
        """The words of a command as it gets them."""
        found = expanded(words, scope.variables)
        self._characters += sum(map(len, words)) + sum(len(each) + 1 for each in found)
        if self._characters > _MOST_CHARACTERS:
            raise LimitError(_ENDLESS)
        return found

    def unknown(self, name: str) -> None:
        """A command, or a form of one, that is not followed."""
        self.strategy.uncertain(f"the menu uses {name}, which is not followed")

    def _deeper(self) -> None:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise LimitError(_ENDLESS)

    def _count(self) -> None:
        self._statements += 1
        if self._statements > _MOST_STATEMENTS:
            raise LimitError(_ENDLESS)

    def _command(self, command: Command, scope: Scope) -> int:
        words = self.words(command.words, scope)
        if not words:
            return 0
        if command.body is not None:
            self._define(command, words, scope)
            return 0
        if words[0] in _LOOPS:
            self.strategy.uncertain(f"the menu has a loop ({words[0]})")
            return 0
        self.strategy.command(" ".join(words))
        if words[0] in self._functions:
            return self._call(words, scope)
        return self._do(words, scope)

    def _define(self, command: Command, words: list[str], scope: Scope) -> None:
        """An entry is known to the strategy as it is read, a function is not."""
        name, body = words[0], command.body or ()
        if name not in {"function", *_ENTRIES} or len(words) < 2 or not command.source:
            self.strategy.uncertain(_UNKNOWN_FORM)
        if name == "function":
            self._functions["".join(words[1:2])] = body
        elif name in _ENTRIES:
            self.strategy.command(" ".join([*words, command.source]))
            title, identifier = _entry_words(words)
            scope.entries.append(
                Entry(title=title, name=identifier, body=body, is_menu=name == "submenu")
            )

    def _call(self, words: list[str], scope: Scope) -> int:
        if not self.strategy.calls(self, words[0]):
            return 0
        scope.variables.update({str(at): word for at, word in enumerate(words)})
        self.calls.append(words[0])
        status = self.run(self._functions[words[0]], scope)
        self.calls.pop()
        return status

    def _do(self, words: list[str], scope: Scope) -> int:
        """Do what a command does, and say how it ends."""
        name, assigned, value = words[0].partition("=")
        if words[0] in COMMANDS:
            return COMMANDS[words[0]](self, words, scope)
        if assigned:
            scope.set(name, value)
        else:
            self.unknown(words[0])
        return 0


def _entry_words(words: list[str]) -> tuple[str, str]:
    """The title of an entry and its name."""
    titles, name, rest = [], "", iter(words[1:])
    for word in rest:
        if word in _ENTRY_VALUES:
            value = next(rest, "")
            name = value if word == "--id" else name
        elif not word.startswith("--"):
            titles.append(word)
    return " ".join(titles), name
