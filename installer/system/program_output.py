"""The JSON that other programs print.

Releases differ in what they print, and some of it is what a disk says of itself.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from installer.errors import CommandFailed

_LONGEST_NUMBER = 20  # digits


def json_object(program: str, text: str) -> Mapping[str, Any]:
    """The JSON object that a program printed.

    :raises CommandFailed: it is none.
    """
    try:
        found = json.loads(text, strict=False)
    except (ValueError, RecursionError) as error:
        raise CommandFailed(f"{program}: its output is not JSON: {error}") from error
    if not isinstance(found, dict):
        raise CommandFailed(f"{program}: its output is not a JSON object")
    return found


def json_rows(program: str, text: str, *keys: str) -> tuple[Mapping[str, Any], ...]:
    """The objects in the lists that these keys of the JSON lead to, one after the other.

    :raises CommandFailed: there is no list of objects.
    """
    found: list[Mapping[str, Any]] = [json_object(program, text)]
    for key in keys:
        found = [row for each in found for row in _rows(program, each.get(key))]
    return tuple(found)


def text_in(row: Mapping[str, Any], key: str) -> str:
    """A text of a row; "" when it has none."""
    value = row.get(key)
    return value if isinstance(value, str) else ""


def number_in(row: Mapping[str, Any], key: str) -> int:
    """A number of a row that is not negative, also one in a text, as in C; 0 when it has none."""
    value = row.get(key)
    if isinstance(value, str) and value.isascii() and len(value) <= _LONGEST_NUMBER:
        try:
            value = int(value.strip(), 0)
        except ValueError:
            return 0
    return value if type(value) is int and value > 0 else 0


def _rows(program: str, found: object) -> Iterator[Mapping[str, Any]]:
    for each in found if isinstance(found, list) else (None,):
        if not isinstance(each, Mapping):
            raise CommandFailed(f"{program}: its output is not the list that it prints")
        yield each
