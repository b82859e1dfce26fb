"""A kickstart as it was written: plain data that remembers where each value stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from ks_schema.problem import Problem


class Position(NamedTuple):
    """A place in the source text; both count from 1."""

    line: int
    column: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """Plain data in the kickstart's own words, with the place of every value.

    ``positions`` maps a JSON pointer to the place of that value (for a member of an object, the
    place of its key). A document made by the screens has no positions.
    """

    data: Mapping[str, Any]
    name: str = ""
    positions: Mapping[str, Position] = field(default_factory=dict)

    def position(self, pointer: str) -> Position | None:
        """The place of the value at ``pointer``, or of its nearest ancestor that has one."""
        while pointer not in self.positions:
            if not pointer:
                return None
            pointer = pointer.rpartition("/")[0]
        return self.positions[pointer]

    def problem(self, pointer: str, message: str, hint: str = "") -> Problem:
        """A finding about the value at ``pointer``, with its place filled in."""
        place = self.position(pointer)
        line, column = place or (0, 0)
        return Problem(
            pointer=pointer, message=message, hint=hint, file=self.name, line=line, column=column
        )
