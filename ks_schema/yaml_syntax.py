"""A YAML reader that keeps the place of every value, with the core schema of YAML 1.2 alone.

It walks PyYAML's events, so that none of YAML 1.1's surprises can happen: ``no`` is a text, and so
are ``12:30`` and ``2024-01-01``. Anchors, tags and further documents are refused: a kickstart says
the same in JSON, where there are none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import yaml

from ks_schema.document import Position
from ks_schema.syntax import (
    MAX_DEPTH,
    TOO_MANY_HINT,
    Fault,
    Parsed,
    Positions,
    child,
    second_time,
    unusable_key,
    usable_number,
    usable_text,
)

_NULLS = {"", "~", "null", "Null", "NULL"}
_BOOLEANS = {
    "true": True, "True": True, "TRUE": True,
    "false": False, "False": False, "FALSE": False,
}  # fmt: skip
_DECIMAL = re.compile(r"([-+]?[0-9]+)")
_OCTAL_OR_HEXADECIMAL = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"([-+]?(?:[0-9]+|(?=\.[0-9])))(\.[0-9]*)?([eE][-+]?[0-9]+)?")
_NOT_A_NUMBER = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")


def read_yaml(text: str) -> Parsed:
    """The one value in ``text``; None when it is empty.

    :raises Fault: it is not YAML, or uses what a kickstart does not have.
    """
    loader: Any = None
    try:
        loader = yaml.SafeLoader(text)
        return _Builder(_events(loader)).document()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise Fault(*_explained(error.problem or error.context or "", mark)) from None
    except yaml.reader.ReaderError as error:
        before = text[: error.position]
        place = (before.count("\n") + 1, error.position - before.rfind("\n"))
        raise Fault("not YAML: a character that no text may hold", *place) from None
    except Fault:
        raise
    except (ValueError, OverflowError):
        # PyYAML's scanner calls chr() and int() on whatever stands in an escape or a directive.
        mark = loader.get_mark()
        line, column = _place(mark)
        # It has read the backslash and the letter of an escape.
        column -= 2 * text.startswith("\\", max(0, mark.index - 2))
        message = "not YAML: a number here is too large for what it means"
        raise Fault(message, line, column) from None


def _events(loader: Any) -> Iterator[Any]:
    while loader.check_event():
        yield loader.get_event()


def _explained(problem: str, mark: Any) -> tuple[str, int, int, str]:
    if "tag" in problem:
        # PyYAML would repeat it, and what stands behind a ! may be a password without quotes.
        return ("a kickstart has no tags", *_place(mark), "a text with ! in front needs quotes")
    hint = "YAML is indented with spaces" if "'\\t'" in problem else ""
    return (f"not YAML: {problem or 'it cannot be read'}", *_place(mark), hint)


class _Builder:
    """The document that the events describe."""

    def __init__(self, events: Iterator[Any]) -> None:
        self.events = events
        self.positions = Positions()

    def document(self) -> Parsed:
        next(self.events)
        event = next(self.events)
        if isinstance(event, yaml.StreamEndEvent):
            return Parsed(data=None)
        data = self._value(next(self.events), "", 0, None)
        next(self.events)
        event = next(self.events)
        if isinstance(event, yaml.DocumentStartEvent):
            raise _fault(event, "a second document begins here; a kickstart is one")
        return Parsed(data=data, positions=self.positions)

    def _value(self, event: Any, pointer: str, depth: int, key: Any) -> Any:
        place = Position(*_place((key or event).start_mark))
        if fault := self.positions.add(pointer, place):
            raise _fault(event, fault, TOO_MANY_HINT)
        _refuse_extras(event)
        if depth > MAX_DEPTH:
            raise _fault(event, f"more than {MAX_DEPTH} levels of nesting")
        match event:
            case yaml.MappingStartEvent():
                return self._mapping(pointer, depth)
            case yaml.SequenceStartEvent():
                return self._sequence(pointer, depth)
            case _:
                return _scalar(event)

    def _mapping(self, pointer: str, depth: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        while not isinstance(event := next(self.events), yaml.MappingEndEvent):
            key = _key(event)
            if key in found:
                raise _fault(event, second_time(self.positions[child(pointer, key)]))
            found[key] = self._value(next(self.events), child(pointer, key), depth + 1, event)
        return found

    def _sequence(self, pointer: str, depth: int) -> list[Any]:
        found: list[Any] = []
        while not isinstance(event := next(self.events), yaml.SequenceEndEvent):
            found.append(self._value(event, child(pointer, len(found)), depth + 1, None))
        return found


def _refuse_extras(event: Any) -> None:
    if isinstance(event, yaml.AliasEvent):
        raise _fault(event, "a kickstart has no aliases", "write the value again")
    if event.anchor is not None:
        raise _fault(event, "a kickstart has no anchors", "write the value where it is needed")
    if event.tag is not None and event.tag != "!":
        raise _fault(event, "a kickstart has no tags", "take the tag away")


def _key(event: Any) -> str:
    _refuse_extras(event)
    if not isinstance(event, yaml.ScalarEvent):
        raise _fault(event, "a key is a plain text")
    if event.value == "<<" and event.style is None:
        raise _fault(event, "a kickstart has no merge keys", "write the values again")
    if fault := unusable_key(event.value):
        raise _fault(event, fault)
    return _text(event)


def _scalar(event: Any) -> Any:
    if event.style is not None or event.tag == "!":
        return _text(event)
    text = event.value
    if text in _NULLS:
        return None
    if text in _BOOLEANS:
        return _BOOLEANS[text]
    try:
        return _number_or_text(text)
    except ValueError as error:
        raise _fault(event, str(error)) from None


def _number_or_text(text: str) -> int | float | str:
    if match := _DECIMAL.fullmatch(text):
        return usable_number(match[1])
    if _OCTAL_OR_HEXADECIMAL.fullmatch(text):
        if len(text) > 18:
            raise ValueError("this number is too large")
        return int(text, 0)
    if match := _FLOAT.fullmatch(text):
        return usable_number(match[1] or "0", match[2] or "", match[3] or "")
    if _NOT_A_NUMBER.fullmatch(text):
        raise ValueError("only real numbers are allowed; a text stands in quotes")
    return usable_text(text)


def _text(event: Any) -> str:
    try:
        return usable_text(event.value)
    except ValueError as error:
        raise _fault(event, str(error)) from None


def _fault(event: Any, message: str, hint: str = "") -> Fault:
    return Fault(message, *_place(event.start_mark), hint)


def _place(mark: Any) -> tuple[int, int]:
    return (mark.line + 1, mark.column + 1) if mark else (1, 1)
