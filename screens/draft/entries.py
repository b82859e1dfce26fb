"""Pieces of a draft: the field, the place of its value in the kickstart, and the value."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from ks_schema.language import longest
from ks_schema.syntax import child

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A field, the place of its value in the kickstart, and the value (None: left out).

    ``word``: it is one of several that the field holds.
    """

    field: str
    path: Path
    value: Any = None
    word: bool = False


def words(field: str, path: Path, text: str, *, commas: bool = True) -> Iterator[Entry]:
    """One entry for each word of ``text``; words are set apart by spaces (or commas)."""
    found = text.replace(",", " ").split() if commas else text.split()
    for index, word in enumerate(found):
        yield Entry(field=field, path=(*path, index), value=word, word=True)


def document(entries: Iterable[Entry]) -> dict[str, Any]:
    """The kickstart that the entries make together."""
    made: dict[str, Any] = {"version": 1}
    for entry in entries:
        if entry.value is not None:
            _put(made, entry.path, entry.value)
    return made


def field_at(entries: Iterable[Entry], pointer: str) -> str:
    """The field whose place is nearest to a JSON pointer, "" when there is none."""
    wanted = [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]]
    best, field = 0, ""
    for entry in entries:
        common = _common([str(part) for part in entry.path], wanted)
        if common > best:
            best, field = common, entry.field
    return field


def pointer_to(path: Path) -> str:
    """The JSON pointer to a place."""
    pointer = ""
    for part in path:
        pointer = child(pointer, part)
    return pointer


def limits(entries: Iterable[Entry]) -> dict[str, int]:
    """The most characters that the schema allows in each field, where it says so."""
    bounds = (
        (each.field, longest(tuple(map(str, each.path)))) for each in entries if not each.word
    )
    return {field: bound for field, bound in bounds if bound is not None}


def _common(one: list[str], other: list[str]) -> int:
    count = 0
    for left, right in zip(one, other, strict=False):
        if left != right:
            break
        count += 1
    return count


def _put(target: Any, path: Path, value: Any) -> None:
    """Set ``value`` at ``path``, making the objects and lists on the way."""
    *way, last = path
    for part, following in zip(way, path[1:], strict=True):
        empty: Any = [] if isinstance(following, int) else {}
        target = _member(target, part, empty)
    if isinstance(target, list):
        target.append(value)
    else:
        target[last] = value


def _member(target: Any, part: str | int, empty: Any) -> Any:
    if isinstance(target, dict):
        return target.setdefault(part, empty)
    if part == len(target):
        target.append(empty)
    return target[part]
