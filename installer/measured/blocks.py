"""The bodies in a GRUB script as they are written, which is how GRUB measures a menu's entries."""

from __future__ import annotations

from collections.abc import Iterator

_OPENING = frozenset({"menuentry", "submenu", "function"})
_WORD_ENDS = " \t\r\n;{}"


def blocks(text: str) -> tuple[str, ...]:
    """The bodies of entries, submenus and functions with their braces; not those in others."""
    found: list[str] = []
    start, depth, waiting = 0, 0, False
    for at, word in _tokens(text):
        if depth == 0 and word in _OPENING:
            waiting = True
        elif word == "{" and (waiting or depth):
            start = at if depth == 0 else start
            depth, waiting = depth + 1, False
        elif word == "}" and depth:
            depth -= 1
            if depth == 0:
                found.append(text[start : at + 1])
    return tuple(found)


def _tokens(text: str) -> Iterator[tuple[int, str]]:
    """The words and braces of a script, each with its place; comments and quotes passed over."""
    at = 0
    while at < len(text):
        if text[at] in "{}":
            yield at, text[at]
            at += 1
        elif text[at] == "#":
            at = _until(text, "\n", at)
        elif text[at] in _WORD_ENDS:
            at += 1
        else:
            end = _word_end(text, at)
            yield at, text[at:end]
            at = end


def _word_end(text: str, at: int) -> int:
    while at < len(text) and text[at] not in _WORD_ENDS:
        if text[at] == "\\":
            at += 2
        elif text[at] == "'":
            at = _until(text, "'", at + 1) + 1
        elif text[at] == '"':
            at = _quoted_end(text, at + 1)
        elif text.startswith("${", at):
            at = _until(text, "}", at) + 1
        else:
            at += 1
    return at


def _quoted_end(text: str, at: int) -> int:
    while at < len(text) and text[at] != '"':
        at += 2 if text[at] == "\\" else 1
    return at + 1


def _until(text: str, mark: str, at: int) -> int:
    end = text.find(mark, at)
    return len(text) if end < 0 else end
