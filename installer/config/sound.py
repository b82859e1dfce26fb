"""The parts of a document that rules may look at: those in which the schema found no fault."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ks_schema import Document, Problem
from ks_schema.syntax import child


class Sound:
    """A document seen through what the schema found.

    So that rules report together with the schema, and none of them meets a value of a wrong type.
    """

    def __init__(self, document: Document, findings: Iterable[Problem]) -> None:
        self.document = document
        self._bad = {problem.pointer for problem in findings}
        self._holding_bad = {each for pointer in self._bad for each in _and_its_holders(pointer)}

    def value(self, *keys: str) -> Any:
        """The value there; None when it is not there, or when it or a part of it is at fault."""
        pointer = ""
        found: Any = self.document.data
        for key in keys:
            pointer = child(pointer, key)
            if not isinstance(found, Mapping) or key not in found:
                return None
            found = found[key]
        return found if self.is_sound(pointer) else None

    def items(self, *keys: str) -> Iterator[tuple[str, str, Any]]:
        """Pointer, key and value of each sound item of the list or object there."""
        pointer = ""
        found: Any = self.document.data
        for key in keys:
            pointer = child(pointer, key)
            found = found.get(key) if isinstance(found, Mapping) else None
        pairs: Iterable[tuple[object, Any]] = ()
        match found:
            case Mapping():
                pairs = found.items()
            case list() | tuple():
                pairs = enumerate(found)
        for key, value in ((str(key), value) for key, value in pairs):
            if self.is_sound(child(pointer, key)):
                yield child(pointer, key), key, value

    def is_sound(self, pointer: str) -> bool:
        """Neither the value at ``pointer``, nor a part of it, nor what holds it is at fault."""
        if pointer in self._holding_bad:
            return False
        while pointer:
            if pointer in self._bad:
                return False
            pointer = pointer.rpartition("/")[0]
        return True


def _and_its_holders(pointer: str) -> Iterator[str]:
    while pointer:
        yield pointer
        pointer = pointer.rpartition("/")[0]
