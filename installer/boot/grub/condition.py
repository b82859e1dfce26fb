"""GRUB's test command, ``[ ... ]``.

https://git.savannah.gnu.org/cgit/grub.git/tree/grub-core/commands/test.c
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from installer.boot.grub.errors import UncertainError

_FILES = frozenset({"-e", "-f", "-s"})


def holds(arguments: Sequence[str], is_file: Callable[[str, str], bool]) -> bool:
    """Whether a condition holds; ``is_file`` answers a test (like ``-f``) of a path.

    It goes on to the end, as GRUB does: a file is examined even when nothing depends on it.

    :raises UncertainError: it is of a kind that is not known here.
    """
    rest, either, all_of, inverted = list(arguments), False, True, False
    while rest:
        match rest[0]:
            case "!":
                inverted, size = not inverted, 1
            case "-a":
                size = 1
            case "-o":
                either, all_of, size = either or all_of, True, 1
            case _:
                value, size = _one(rest, is_file)
                all_of, inverted = all_of and value is not inverted, False
        del rest[:size]
    return either or all_of


def _one(words: Sequence[str], is_file: Callable[[str, str], bool]) -> tuple[bool, int]:
    """The first test in some words, and how many of them it is."""
    match words:
        case [left, "=" | "==", right, *_]:
            return left == right, 3
        case [left, "!=", right, *_]:
            return left != right, 3
        case ["-n", text, *_]:
            return bool(text), 2
        case ["-z", text, *_]:
            return not text, 2
        case [test, path, *_] if test in _FILES:
            return is_file(test, path), 2
        case [text, *_] if not text.startswith("-"):
            return bool(text), 1
    raise UncertainError(f"the menu asks [ {' '.join(words)} ]")
