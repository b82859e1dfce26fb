"""GRUB as it starts the first entry of a menu, with what it measures on the way.

It measures each command (PCR 8) and each file that it reads (PCR 9). What the default entry of an
untouched menu does is followed word by word; what is not known for certain ends it with a reason.

https://www.gnu.org/software/grub/manual/grub/grub.html#Measured-Boot
https://git.savannah.gnu.org/cgit/grub.git/tree/grub-core/commands/tpm.c
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from installer.boot.grub_script import Command, If, ScriptError, Statement, expand, parse_script
from installer.measured.blocks import blocks
from installer.measured.condition import holds
from installer.measured.prediction import UnpredictableError

FOLDER = "/EFI/debian"
UNNUMBERED = "?"
ENCODING = ("utf-8", "surrogateescape")

_DEEPEST = 40
_MOST_COMMANDS = 50_000
_MOST_BYTES = 1 << 20  # of a menu
_QUOTED = frozenset(" \t\n'\"\\")  # what GRUB puts in quotation marks, or a backslash before
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=")
_ON_DEVICE = re.compile(r"\(([^)]*)\)(.*)", re.DOTALL)
_UNKNOWN_FORM = "a menu is not of a form that is known"
_LOOPS = frozenset({"for", "while", "until"})
# What changes nothing that is measured later.
_PLAIN = frozenset(
    {"echo", "insmod", "password_pbkdf2", "serial", "terminal_input", "terminal_output", "true"}
)
_ENTRY_VALUES = frozenset({"--class", "--id", "--users", "--hotkey"})
_FEATURES = (
    *("chainloader_bpb", "ntldr", "platform_search_hint", "default_font_path", "200_final"),
    *("all_video_module", "menuentry_id", "menuentry_options", "nativedisk_cmd", "timeout_style"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Volume:
    """A filesystem that GRUB reads: what it calls it ("hd0,gpt3"), its UUID, and its files.

    A ``device`` that begins with ``UNNUMBERED`` stands for one whose name is not known. ``read``
    gives the bytes of a file by its path from the top of the filesystem, None when there is none.
    """

    device: str
    read: Callable[[str], bytes | None]
    uuid: str = ""


@dataclass(slots=True, kw_only=True)
class GrubStart:
    """What GRUB has measured when it starts the kernel, and what it starts.

    ``files`` are digests; ``arguments`` is the kernel's command line, its path before it.
    """

    commands: list[str] = field(default_factory=list)
    files: list[bytes] = field(default_factory=list)
    kernel: bytes = b""
    arguments: str = ""
    initrd: bytes = b""


def start_menu(esp: Volume, volumes: Sequence[Volume], *, firmware_setup: bool) -> GrubStart:
    """What Debian's signed GRUB does from its grub.cfg on the ESP on.

    ``firmware_setup`` is whether the firmware lets its setup be entered from the system.

    :raises UnpredictableError: that cannot be told.
    """
    walk = _Walk(volumes=(esp, *volumes), firmware_setup=firmware_setup)
    scope = _Scope(variables={"grub_platform": "efi", "grub_cpu": "x86_64"})
    scope.variables.update({f"feature_{each}": "y" for each in _FEATURES})
    scope.variables.update({"root": esp.device, "prefix": f"({esp.device}){FOLDER}"})
    scope.exported.update(scope.variables)
    # It looks whether the file is there before it reads it, by opening it.
    walk.file(scope, f"({esp.device}){FOLDER}/grub.cfg")
    walk.menu(scope, f"({esp.device}){FOLDER}/grub.cfg")
    if not walk.found.kernel:
        raise UnpredictableError("the menu starts no kernel")
    return walk.found


@dataclass(slots=True, kw_only=True)
class _Entry:
    title: str
    name: str
    body: tuple[Statement, ...]
    is_menu: bool


@dataclass(slots=True, kw_only=True)
class _Scope:
    """What a script sees: variables, and which of them go on to the next menu."""

    variables: dict[str, str]
    exported: set[str] = field(default_factory=set)
    entries: list[_Entry] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class _Walk:
    """One start: what it can read, and what it has measured."""

    volumes: tuple[Volume, ...]
    firmware_setup: bool
    found: GrubStart = field(default_factory=GrubStart)
    functions: dict[str, tuple[Statement, ...]] = field(default_factory=dict)
    texts: dict[int, tuple[Command, str]] = field(default_factory=dict)
    depth: int = 0

    def file(self, scope: _Scope, path: str) -> bytes:
        """A file that must be there, measured."""
        data = self._bytes(scope, path)
        if data is None:
            raise UnpredictableError(f"GRUB would look for {path}, which cannot be seen")
        self.found.files.append(hashlib.sha256(data).digest())
        return data

    def menu(self, scope: _Scope, path: str) -> None:
        """Read a menu, and start what it starts by itself."""
        folder, _, _ = path.rpartition("/")
        scope.variables["config_directory"] = folder
        scope.exported.add("config_directory")
        self._script(scope, self.file(scope, path))
        if self.found.kernel or not scope.entries:
            return
        entry = _chosen(scope)
        if entry.is_menu:
            raise UnpredictableError("the default of the menu is another menu")
        self._measure(f"setparams {entry.title}")
        self._statements(scope, entry.body)

    def _bytes(self, scope: _Scope, path: str) -> bytes | None:
        match = _ON_DEVICE.fullmatch(path)
        device, inside = match.groups() if match else (scope.variables["root"], path)
        volume = next((each for each in self.volumes if each.device == device), None)
        return volume.read(inside) if volume else None

    def _script(self, scope: _Scope, data: bytes) -> None:
        if len(data) > _MOST_BYTES:
            raise UnpredictableError("a menu is far too large")
        text = data.decode(*ENCODING)
        try:
            script = parse_script(text)
        except ScriptError as error:
            raise UnpredictableError(f"a menu cannot be read: {error}") from error
        commands, bodies = list(_with_body(script)), blocks(text)
        if len(commands) != len(bodies):
            raise UnpredictableError(_UNKNOWN_FORM)
        for command, body in zip(commands, bodies, strict=True):
            self.texts[id(command)] = (command, body)
        self._statements(scope, script)

    def _statements(self, scope: _Scope, script: tuple[Statement, ...]) -> int:
        status, self.depth = 0, self.depth + 1
        if self.depth > _DEEPEST:
            raise UnpredictableError("the menu does not come to an end")
        for each in script:
            if isinstance(each, If):
                status = self._branches(scope, each)
            else:
                status = self._command(scope, each)
            scope.variables["?"] = str(status)
        self.depth -= 1
        return status

    def _branches(self, scope: _Scope, choice: If) -> int:
        for condition, body in choice.branches:
            status = self._command(scope, Command(words=condition)) if condition else 0
            scope.variables["?"] = str(status)
            if status == 0:
                return self._statements(scope, body)
        return 0

    def _command(self, scope: _Scope, command: Command) -> int:
        words = [expand(word, scope.variables) for word in command.words]
        if command.body is not None:
            self._define(scope, command, words)
            return 0
        if words[0] in _LOOPS:
            raise UnpredictableError(f"the menu has a loop ({words[0]})")
        self._measure(" ".join(words))
        if words[0] in self.functions:
            scope.variables.update({str(at): word for at, word in enumerate(words)})
            return self._statements(scope, self.functions[words[0]])
        return self._run(scope, words)

    def _define(self, scope: _Scope, command: Command, words: list[str]) -> None:
        """An entry is measured as it is read, a function is not."""
        if id(command) not in self.texts or len(words) < 2:
            raise UnpredictableError(_UNKNOWN_FORM)
        command, text = self.texts[id(command)]
        if words[0] == "function":
            self.functions[words[1]] = command.body or ()
            return
        self._measure(" ".join([*words, text]))
        title, name = _entry_words(words)
        is_menu = words[0] == "submenu"
        scope.entries.append(
            _Entry(title=title, name=name, body=command.body or (), is_menu=is_menu)
        )

    def _run(self, scope: _Scope, words: list[str]) -> int:
        """Do what a command does, and say how it ends: 0 is well."""
        match words:
            case ["[", *arguments, "]"]:
                return 0 if holds(arguments, lambda test, path: self._is(scope, test, path)) else 1
            case ["fwsetup", "--is-supported"]:
                return 0 if self.firmware_setup else 1
            case ["set", assignment] | [assignment] if _ASSIGNMENT.match(assignment):
                name, _, value = assignment.partition("=")
                scope.variables[name] = value
            case ["export", *names]:
                scope.exported.update(names)
            case ["search.fs_uuid", uuid, name, *_]:
                scope.variables[name] = self._device(uuid)
            case ["search", *options, uuid] if {"--fs-uuid", "--set=root"} <= set(options):
                scope.variables["root"] = self._device(uuid)
            case [name, *_] if name in _PLAIN:
                pass
            case _:
                self._read(scope, words)
        return 0

    def _read(self, scope: _Scope, words: list[str]) -> None:
        """Do what a command does that reads a file."""
        match words:
            case ["source" | ".", path]:
                self._script(scope, self.file(scope, path))
            case ["configfile", path]:
                kept = {each: scope.variables.get(each, "") for each in scope.exported}
                self.menu(_Scope(variables=kept, exported=set(scope.exported)), path)
            case ["linux", path, *arguments]:
                self._linux(scope, path, arguments)
            case ["initrd", path]:
                self.found.initrd = self.file(scope, path)
            case ["load_env" | "save_env", *_]:
                raise UnpredictableError("GRUB reads its environment, which each start may change")
            case _:
                raise UnpredictableError(f"the menu uses {words[0]}, which is not followed")

    def _is(self, scope: _Scope, test: str, path: str) -> bool:
        """Whether a file is there; to know whether it is empty, GRUB reads and measures it."""
        data = self._bytes(scope, path)
        if data is None:
            return False
        if test == "-s" and not data:
            raise UnpredictableError(f"GRUB would look into {path}, which is empty")
        if test == "-s":
            self.found.files.append(hashlib.sha256(data).digest())
        return True

    def _linux(self, scope: _Scope, path: str, arguments: list[str]) -> None:
        text = "".join([path, *arguments])
        if not text.isascii() or set(text) & _QUOTED:
            raise UnpredictableError("an argument of the kernel has blanks or quotation marks")
        self.found.kernel = self.file(scope, path)
        self.found.arguments = " ".join([path, *arguments])
        self._measure(self.found.arguments)

    def _device(self, uuid: str) -> str:
        found = next((each for each in self.volumes if each.uuid.lower() == uuid.lower()), None)
        if found is None:
            raise UnpredictableError(f"GRUB would look for the filesystem {uuid}")
        return found.device

    def _measure(self, text: str) -> None:
        if len(self.found.commands) >= _MOST_COMMANDS:
            raise UnpredictableError("the menu does not come to an end")
        self.found.commands.append(text)


def _with_body(script: tuple[Statement, ...]) -> Iterator[Command]:
    """The entries, submenus and functions in the order in which they are written."""
    for each in script:
        if isinstance(each, If):
            for _, body in each.branches:
                yield from _with_body(body)
        elif each.body is not None:
            yield each


def _entry_words(words: list[str]) -> tuple[str, str]:
    """The title of an entry and its name."""
    titles, name, rest = [], "", iter(words[1:])
    for word in rest:
        if word.split(" ")[-1] in _ENTRY_VALUES:
            value = next(rest, "")
            name = value if word.endswith("--id") else name
        elif not word.startswith("--"):
            titles.append(word)
    return " ".join(titles), name


def _chosen(scope: _Scope) -> _Entry:
    """The entry that starts when nobody touches a key."""
    default = scope.variables.get("default") or "0"
    if default in (numbers := {str(at): at for at in range(len(scope.entries))}):
        return scope.entries[numbers[default]]
    for each in scope.entries:
        if default in {each.title, each.name}:
            return each
    raise UnpredictableError(f"the default of the menu is {default}, which is not in it")
