"""The two ways through GRUB's menus: everything that could be started, or what is started."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from installer.boot.grub.commands import searched
from installer.boot.grub.condition import holds
from installer.boot.grub.errors import UncertainError
from installer.boot.grub.evaluator import Evaluator
from installer.boot.grub.scope import Entry, GrubFile, Scope, located
from installer.boot.grub.script import Command, If, Statement
from installer.boot.grub.tokens import Word

_MOST_MENUS = 8  # one leads to the next
_MOST_ENTRIES = 2000
_SEARCHES = frozenset({"search", "search.fs_uuid"})
_DIRECTORY = "config_directory"


@dataclass(slots=True, kw_only=True)
class EveryBranch:
    """Every branch of an ``if``, whatever its condition, and every entry of every menu.

    What only the submenu of an old kernel starts counts as well. ``entries_met`` counts them.
    """

    entries_met: int = 0
    _read: set[tuple[str, tuple[tuple[str, str], ...]]] = field(default_factory=set)

    def uncertain(self, reason: str) -> None:
        """What is likely is followed."""

    def command(self, text: str) -> None:
        """Nothing is recorded."""

    def holds(self, arguments: Sequence[str], scope: Scope) -> bool:
        """Nothing depends on it."""
        del arguments, scope
        return True

    def branches(self, evaluator: Evaluator, scope: Scope, choice: If) -> int:
        """All but those that are known to be impossible."""
        for branch in choice.branches:
            if not branch.condition or _possible(evaluator, scope, branch.condition[-1]):
                evaluator.run(branch.body, scope)
        return 0

    def reads(self, evaluator: Evaluator, path: str, scope: Scope) -> bool:
        """Each menu once with the same variables; one that leads to itself has an end."""
        # Where the last menu was makes no difference.
        seen = ((name, value) for name, value in scope.variables.items() if name != _DIRECTORY)
        key = (path, tuple(sorted(seen)))
        if len(evaluator.menus) > _MOST_MENUS or key in self._read:
            return False
        self._read.add(key)
        return True

    def calls(self, evaluator: Evaluator, name: str) -> bool:
        """A function that calls itself would do so in every branch."""
        return name not in evaluator.calls

    def entries(self, evaluator: Evaluator, scope: Scope) -> None:
        """One after the other, each as if it were the only one."""
        for each in scope.entries:
            self.entries_met += 1
            if self.entries_met > _MOST_ENTRIES:
                return
            evaluator.entry(each, scope.copy())


def _possible(evaluator: Evaluator, scope: Scope, condition: Statement) -> bool:
    """Whether a condition can hold; a search that finds something sets its variable."""
    if not isinstance(condition, Command) or not condition.words:
        return True
    words = condition.words
    if _text(words[0]) in _SEARCHES:
        found = searched(evaluator.words(words, scope))
        device = evaluator.host.device(found.uuid, needed=False) if found.uuid is not None else ""
        if found.variable and device:
            scope.set(found.variable, device)
        return found.uuid is None or bool(device)
    if len(words) == 4 and [_text(each) for each in words[:2]] == ["[", "-n"]:
        # A variable that is known to be empty keeps one of two systems from looking for a third.
        names = {part.text for part in words[2] if part.variable}
        return any(evaluator.words(words[2:3], scope)) or bool(names & scope.loaded)
    return True


def _text(word: Word) -> str:
    return "".join(part.text for part in word if not part.variable)


@dataclass(slots=True, kw_only=True)
class BranchTaken:
    """What GRUB does when nobody touches a key: the branches that it takes, the default entry.

    ``record`` gets each command as GRUB measures it; ``is_file`` answers a test (like ``-f``) of a
    file; ``started`` is whether a kernel has been loaded.
    """

    record: Callable[[str], None]
    is_file: Callable[[str, GrubFile], bool]
    started: Callable[[], bool]

    def uncertain(self, reason: str) -> None:
        """It ends there.

        :raises UncertainError: always.
        """
        raise UncertainError(reason)

    def command(self, text: str) -> None:
        """It is measured."""
        self.record(text)

    def holds(self, arguments: Sequence[str], scope: Scope) -> bool:
        """What the test says."""
        return holds(arguments, lambda test, path: self.is_file(test, located(path, scope)))

    def branches(self, evaluator: Evaluator, scope: Scope, choice: If) -> int:
        """The first whose condition holds."""
        for branch in choice.branches:
            status = evaluator.run(branch.condition, scope)
            if status == 0:
                return evaluator.run(branch.body, scope)
        return 0

    def reads(self, evaluator: Evaluator, path: str, scope: Scope) -> bool:
        """Whatever it is."""
        del evaluator, path, scope
        return True

    def calls(self, evaluator: Evaluator, name: str) -> bool:
        """Whatever it is."""
        del evaluator, name
        return True

    def entries(self, evaluator: Evaluator, scope: Scope) -> None:
        """The default, unless what stands outside of the entries has loaded a kernel."""
        if self.started() or not scope.entries:
            return
        entry = _default(scope)
        if entry.is_menu:
            self.uncertain("the default of the menu is another menu")
        self.record(f"setparams {entry.title}")
        evaluator.run(entry.body, scope)


def _default(scope: Scope) -> Entry:
    """The entry that starts when nobody touches a key."""
    default = scope.variables.get("default") or "0"
    for at, each in enumerate(scope.entries):
        if default == str(at):
            return each
    for each in scope.entries:
        if default in {each.title, each.name}:
            return each
    raise UncertainError(f"the default of the menu is {default}, which is not in it")
