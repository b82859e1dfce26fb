"""A question about one part: its fields, the edit that they make, and what is refused."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from installer.plan.storage.model import Layout
from screens.draft.history import Storage
from screens.forms import FieldProblem, Item

Values = Mapping[str, Any]

_NAME = re.compile(r"[a-z][a-z0-9_-]{0,27}")
NAME_HINT = "lowercase letters, digits, - and _, starting with a letter"


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """``items`` asks for ``values``, ``apply`` makes the edit of them.

    ``refuse`` says what the kickstart's own rules cannot: before the edit is tried. ``places`` are
    the JSON pointers of the parts that are edited, given the values: what is found to be wrong
    below them belongs to the field of the same name.
    """

    title: str
    values: Values
    items: Callable[[Values], tuple[Item, ...]]
    apply: Callable[[Storage, Values], Storage]
    places: Callable[[Values], tuple[str, ...]]
    refuse: Callable[[Values], FieldProblem | None] = field(default=lambda _values: None)


def name_problem(storage: Storage, name: str, taken: tuple[str, ...]) -> FieldProblem | None:
    """Why a new part cannot be called that."""
    if not _NAME.fullmatch(name):
        return FieldProblem(field="name", message="Not a valid name", hint=NAME_HINT)
    sections = ("partitions", "arrays", "encrypted", "volume_groups")
    if name in taken or any(name in storage.get(each, {}) for each in sections):
        return FieldProblem(field="name", message=f"{name} already exists", hint="use another")
    return None


def refusals(
    before: Layout, after: Layout, places: tuple[str, ...], fields: tuple[str, ...]
) -> tuple[FieldProblem, ...]:
    """What an edit would break, by field; "" is for what belongs to none.

    What only keeps the host from starting does not count: another edit mends that.
    """
    known = {each.pointer for each in before.problems}
    found: dict[str, FieldProblem] = {}
    for problem in after.problems:
        pointer = problem.pointer
        place = next((each for each in places if _under(pointer, each)), "")
        caused = before.plan is not None and pointer.startswith(("/storage/", "/disks/"))
        # What was wrong already with a part as a whole may be mended by more than one edit.
        old = pointer in known and (not place or pointer in places)
        if old or not (place or caused):
            continue
        name = _field(pointer.removeprefix(place), fields)
        found.setdefault(name, FieldProblem(field=name, message=problem.message, hint=problem.hint))
    return tuple(found.values())


def _under(pointer: str, place: str) -> bool:
    return pointer == place or pointer.startswith(f"{place}/")


def _field(rest: str, fields: tuple[str, ...]) -> str:
    """The field whose key the pointer has; else the size, of which there may be too little."""
    parts = rest.split("/")
    found = next((part for part in parts if part in fields), "")
    return found or ("size" if "size" in fields else "")
