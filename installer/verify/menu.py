"""What the menus of a host start: from the grub.cfg on the ESP on, wherever it leads.

Every branch of an ``if`` is followed, whatever its condition, and every entry of every menu: what
only an old kernel's submenu starts counts as well.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

from installer.boot.grub_script import (
    Command,
    If,
    ScriptError,
    Statement,
    Word,
    expand,
    parse_script,
)
from installer.boot.places import Places, UnseenError, is_file
from installer.verify.finding import Finding, bad, good, unseen

_MENU = "the menu"
_DEEPEST = 8
_MOST_BYTES = 1 << 20
_MOST_ENTRIES = 2000
_MOST_COMMANDS = 50_000
_ALWAYS_EXPORTED = frozenset({"root", "prefix"})
_ON_DEVICE = re.compile(r"\(([^)]*)\)(.*)", re.DOTALL)
# What a kernel line says that must exist: the root, a place to resume from, what is unlocked.
UUID_ARGUMENT = re.compile(
    r"(?:(?:root|resume)=UUID=|rd\.luks\.(?:uuid|name)=(?:luks-)?)([0-9a-fA-F-]+)"
)
_UUID = "uuid:"
_ESP = "esp"
_UPDATE = "Run update-grub in the host."


@dataclass(frozen=True, slots=True, kw_only=True)
class Kernel:
    """A kernel that an entry starts: its path as the menu has it, and where it lies."""

    path: str
    place: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Menu:
    """What the menus lead to."""

    kernels: tuple[Kernel, ...]
    findings: tuple[Finding, ...]


def read_menu(start: str, where: str, places: Places) -> Menu:
    """Follow the menus from the text ``start``, which stands in ``where``."""
    walk = _Walk(places=places)
    walk.menu(start, where, {"root": _ESP, "prefix": f"({_ESP})/EFI/debian"}, frozenset(), 0)
    return walk.menu_found(where)


def read_bios_menu(uuid: str, path: str, places: Places) -> Menu:
    """Follow the menus from the grub.cfg that GRUB for BIOS reads."""
    walk = _Walk(places=places)
    walk.configfile({"root": _UUID + uuid}, frozenset(), path, 0)
    return walk.menu_found(path)


@dataclass(slots=True, kw_only=True)
class _Walk:
    """One walk through the menus, and what it has met."""

    places: Places
    kernels: dict[Path, Kernel] = field(default_factory=dict)
    findings: dict[tuple[str, str], Finding] = field(default_factory=dict)
    seen: set[tuple[str, tuple[tuple[str, str], ...]]] = field(default_factory=set)
    entries: int = 0
    commands: int = 0

    def menu_found(self, where: str) -> Menu:
        """Everything that was met, and what is missing in all of it."""
        if not self.kernels and not self.findings:
            self.bad(f"it starts no kernel, wherever it leads ({where})")
        found = list(self.findings.values())
        if self.kernels and not any(each.outcome == "bad" for each in found):
            kernels = f"{len(self.kernels)} kernel{'s' if len(self.kernels) > 1 else ''}"
            found.append(
                good(_MENU, f"{self.entries} entries, {kernels}; every path and UUID is there")
            )
        return Menu(kernels=tuple(self.kernels.values()), findings=tuple(found))

    def menu(
        self, text: str, where: str, variables: dict[str, str], exported: frozenset[str], depth: int
    ) -> None:
        """Follow a script: what stands in it at once, and then each of its entries."""
        try:
            script = parse_script(text)
        except ScriptError as error:
            self.bad(f"{where} cannot be read: {error}")
            return
        self._run(script, _Scope(variables=dict(variables), exported=set(exported)), depth)

    def configfile(
        self, variables: dict[str, str], exported: frozenset[str], path: str, depth: int
    ) -> None:
        """Go on in another file, with the variables that go with it."""
        kept = {name: variables.get(name, "") for name in exported | _ALWAYS_EXPORTED}
        key = (path, tuple(sorted(kept.items())))
        if depth > _DEEPEST or key in self.seen:
            return
        self.seen.add(key)
        place = self._file(variables, path, "configfile")
        if place is None:
            return
        try:
            with place.open("rb") as file:
                text = file.read(_MOST_BYTES).decode("utf-8", "replace")
        except OSError as error:
            self.bad(f"{path} cannot be read: {error.strerror}")
            return
        self.menu(text, path, kept, exported, depth + 1)

    def bad(self, text: str) -> None:
        """Something that keeps an entry from starting."""
        self.findings[_MENU, text] = bad(_MENU, text, _UPDATE)

    def _unseen(self, text: str) -> None:
        self.findings[_MENU, text] = unseen(_MENU, text)

    def _run(self, script: tuple[Statement, ...], scope: _Scope, depth: int) -> None:
        later: list[Command] = []
        self._statements(script, scope, depth, later)
        for each in later:
            self.entries += 1
            if self.entries > _MOST_ENTRIES:
                return
            copy = _Scope(variables=dict(scope.variables), exported=set(scope.exported))
            self._run(each.body or (), copy, depth)

    def _statements(
        self, script: tuple[Statement, ...], scope: _Scope, depth: int, later: list[Command]
    ) -> None:
        for each in script:
            self.commands += 1
            if self.commands > _MOST_COMMANDS:
                self.bad("it does not come to an end")
                return
            if isinstance(each, If):
                for condition, body in each.branches:
                    if not _never(condition, scope):
                        self._statements(body, scope, depth, later)
            elif each.body is not None:
                if expand(each.words[0], {}) != "function":
                    later.append(each)
            else:
                self._command([expand(word, scope.variables) for word in each.words], scope, depth)

    def _command(self, words: list[str], scope: _Scope, depth: int) -> None:
        match words:
            case ["search" | "search.fs_uuid", *rest]:
                self._search(words[0], rest, scope)
            case ["configfile", path, *_]:
                self.configfile(scope.variables, frozenset(scope.exported), path, depth)
            case ["linux" | "linuxefi", path, *arguments]:
                self._linux(path, arguments, scope)
            case ["initrd" | "initrdefi", *paths]:
                for path in paths:
                    self._initrd(path, scope)
            case _:
                scope.change(words)

    def _search(self, command: str, words: list[str], scope: _Scope) -> None:
        name, places = "root", [each for each in words if not each.startswith("-")]
        if command == "search.fs_uuid":
            name = places[1] if len(places) > 1 else name
            uuid = places[0] if places else ""
        else:
            uuid = places[-1] if places else ""
            name = next((each[6:] for each in words if each.startswith("--set=")), name)
            if "--set" in words and len(places) > 1:
                name = places[0]
            if not {"--fs-uuid", "-u"} & set(words):
                scope.variables[name] = ""
                return
        if self.places.volume(uuid) is None:
            self._missing(f"it looks for the filesystem {uuid or 'without a UUID'}")
        scope.variables[name] = _UUID + uuid

    def _linux(self, path: str, arguments: list[str], scope: _Scope) -> None:
        place = self._file(scope.variables, path, "the kernel")
        if place is not None:
            self.kernels.setdefault(place, Kernel(path=path, place=place))
        for argument in arguments:
            match = UUID_ARGUMENT.match(argument)
            if match and self.places.volume(match.group(1)) is None:
                self._missing(f"{argument} (for {path})")
            elif not match and argument.startswith("root="):
                self._unseen(f"{argument} (for {path}) is not a UUID, and cannot be checked")

    def _initrd(self, path: str, scope: _Scope) -> None:
        place = self._file(scope.variables, path, "the initrd")
        try:
            if place is not None and place.stat().st_size == 0:
                self.bad(f"the initrd {path} is empty")
        except OSError as error:
            self.bad(f"the initrd {path} cannot be read: {error.strerror}")

    def _missing(self, what: str) -> None:
        """A UUID that no volume has: perhaps because it cannot be seen from here."""
        if self.places.hidden:
            self._unseen(f"{what}, which cannot be examined: {self.places.hidden}")
        else:
            self.bad(f"{what}, which does not exist")

    def _file(self, variables: dict[str, str], path: str, what: str) -> Path | None:
        device, inside = variables.get("root", ""), path
        if match := _ON_DEVICE.fullmatch(path):
            device, inside = match.groups()
        if not device.startswith(_UUID):
            where = "the ESP" if device == _ESP else device or "no device"
            self._unseen(f"{what} {path} is on {where}, which is not followed")
            return None
        uuid = device.removeprefix(_UUID)
        if self.places.volume(uuid) is None:
            return None  # that it does not exist has been said where it was looked for
        try:
            place = self.places.find(uuid, inside)
        except UnseenError as reason:
            self._unseen(f"{what} {inside} cannot be examined: {reason}")
            return None
        except OSError as error:
            self.bad(f"{what} {inside} cannot be read: {error.strerror}")
            return None
        if place is None or not is_file(place):
            self.bad(f"{what} {inside} does not exist on the filesystem {uuid}")
            return None
        return place


@dataclass(slots=True, kw_only=True)
class _Scope:
    """Variables; ``loaded`` are those whose values only the boot loader knows."""

    variables: dict[str, str]
    exported: set[str]
    loaded: set[str] = field(default_factory=set)

    def change(self, words: list[str]) -> None:
        """What a command does to the variables, if anything."""
        match words:
            case ["set", assignment, *_] if "=" in assignment:
                name, _, value = assignment.partition("=")
                self.variables[name] = value
            case ["unset", name, *_]:
                self.variables.pop(name, None)
            case ["export", *names]:
                self.exported.update(names)
            case ["load_env", *names]:
                self.loaded.update(names)


def _never(condition: tuple[Word, ...], scope: _Scope) -> bool:
    """Whether a condition is ``[ -n "$name" ]`` of a name that is known to be empty.

    It is what keeps one of two systems from looking for a third.
    """
    if len(condition) != 4 or [expand(word, {}) for word in condition[:2]] != ["[", "-n"]:
        return False
    names = {part.text for part in condition[2] if part.variable}
    return not expand(condition[2], scope.variables) and not names & scope.loaded
