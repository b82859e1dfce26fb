"""The commands of GRUB that decide what is started, each of them once.

https://www.gnu.org/software/grub/manual/grub/grub.html#Commands
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from installer.boot.grub.scope import Scope, located

if TYPE_CHECKING:
    from installer.boot.grub.evaluator import Evaluator

# Gets the words of the command, its name the first of them; gives its status, 0 being well.
Run = Callable[["Evaluator", Sequence[str], Scope], int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """What a search command looks for: the filesystem ``uuid``, whose device ``variable`` gets.

    ``uuid`` is None when it looks for something else; without ``variable`` ("") the device is only
    shown.
    """

    uuid: str | None
    variable: str


def searched(words: Sequence[str]) -> Search:
    """What a search command looks for."""
    names = [each for each in words[1:] if not each.startswith("-")]
    if words[0] == "search.fs_uuid":
        return Search(uuid="".join(names[:1]), variable="".join(names[1:2]))
    variable = next((each[6:] for each in words if each.startswith("--set=")), "")
    if "--set" in words:
        variable = names[0] if len(names) > 1 else "root"
    by_uuid = not {"--fs-uuid", "-u"}.isdisjoint(words)
    return Search(uuid="".join(names[-1:]) if by_uuid else None, variable=variable)


def _plain(evaluator: Evaluator, words: Sequence[str], scope: Scope) -> int:
    """What changes nothing that is asked for here."""
    del evaluator, words, scope
    return 0


def _test(evaluator: Evaluator, words: Sequence[str], scope: Scope) -> int:
    if words[-1] != "]":
        evaluator.unknown(words[0])
        return 0
    return 0 if evaluator.strategy.holds(words[1:-1], scope) else 1


def _firmware_setup(evaluator: Evaluator, words: Sequence[str], scope: Scope) -> int:
    del scope
    if words[1:] != ["--is-supported"]:
        evaluator.unknown(words[0])
        return 0
    return 0 if evaluator.firmware_setup else 1


def _set(evaluator: Evaluator, words: Sequence[str], scope: Scope) -> int:
    name, assigned, value = "".join(words[1:2]).partition("=")
    if assigned:
        scope.set(name, value)
    else:
        evaluator.unknown(words[0])
    return 0


def _unset(evaluator: Evaluator, words: Sequence[str], scope: Scope) -> int:
    del evaluator
    scope.variables.pop("".join(words[1:2]), None)
    return 0


def _export(evaluator: Evaluator, words: Sequence[str], scope: Scope) -> int:
    del evaluator
    scope.exported.update(words[1:])
    return 0


def _environment(evaluator: Evaluator, words: Sequence[str], scope: Scope) -> int:
    evaluator.strategy.uncertain("GRUB reads its environment, which each start may change")
    if words[0] == "load_env":
        scope.loaded.update(words[1:])
    return 0


def _search(evaluator: Evaluator, words: Sequence[str], scope: Scope) -> int:
    found, device = searched(words), ""
    if found.uuid is None:
        evaluator.unknown(words[0])
    else:
        device = evaluator.host.device(found.uuid, needed=True)
    if found.variable:
        scope.set(found.variable, device)
    return 0


def _source(evaluator: Evaluator, words: Sequence[str], scope: Scope) -> int:
    if len(words) != 2:
        evaluator.unknown(words[0])
    for path in words[1:2]:
        data = evaluator.host.script(located(path, scope), needed=False)
        if data is not None:
            evaluator.script(data, path, scope)
    return 0


def _configfile(evaluator: Evaluator, words: Sequence[str], scope: Scope) -> int:
    if len(words) != 2:
        evaluator.unknown(words[0])
    following = scope.next()
    for path in words[1:2]:
        if evaluator.strategy.reads(evaluator, path, following):
            evaluator.menu(path, following)
    return 0


def _linux(evaluator: Evaluator, words: Sequence[str], scope: Scope) -> int:
    if len(words) < 2 or words[0] != "linux":
        evaluator.unknown(words[0])
    for path in words[1:2]:
        evaluator.host.kernel(located(path, scope), words[2:])
    return 0


def _initrd(evaluator: Evaluator, words: Sequence[str], scope: Scope) -> int:
    if len(words) != 2 or words[0] != "initrd":
        evaluator.unknown(words[0])
    for path in words[1:]:
        evaluator.host.initrd(located(path, scope))
    return 0


_NEUTRAL = ("echo", "insmod", "password_pbkdf2", "serial", "terminal_input", "terminal_output")
COMMANDS: Mapping[str, Run] = {
    **dict.fromkeys((*_NEUTRAL, "true"), _plain),
    "[": _test,
    "fwsetup": _firmware_setup,
    "set": _set,
    "unset": _unset,
    "export": _export,
    **dict.fromkeys(("load_env", "save_env"), _environment),
    **dict.fromkeys(("search", "search.fs_uuid"), _search),
    **dict.fromkeys(("source", "."), _source),
    "configfile": _configfile,
    **dict.fromkeys(("linux", "linuxefi"), _linux),
    **dict.fromkeys(("initrd", "initrdefi"), _initrd),
}
