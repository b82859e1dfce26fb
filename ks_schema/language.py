"""The JSON Schema of the kickstart language, read from the file beside this module."""

from __future__ import annotations

import json
import re
from functools import cache, lru_cache
from pathlib import Path
from typing import Any


def fits(pattern: str, text: str) -> bool:
    """Whether the whole text has the form of a pattern of the schema.

    As JSON Schema has it, $ is the end of the text; Python's also fits before a last newline.
    """
    return re.fullmatch(pattern.removeprefix("^").removesuffix("$"), text) is not None


def schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of a kickstart, fresh for each caller.

    Annotations of its own, all without effect on what is valid:

    - ``x-looks-like`` says in words what a valid value looks like,
    - ``x-secret`` marks values that no message may repeat,
    - ``x-default`` names a default that the planner derives,
    - ``x-instead`` maps keys that other tools have to what is written here,
    - ``x-key`` is what the reference calls the free keys of an object.
    """
    text = Path(__file__).with_name("language.json").read_text("utf-8")
    data: dict[str, Any] = json.loads(text)
    return data


@lru_cache(maxsize=512)
def longest(path: tuple[str, ...]) -> int | None:
    """The most characters that the schema allows at a place of the document; None without a bound.

    ``path`` are the keys that lead there; an item of a list has any number.
    """
    part = _part(path)
    bound = part.get("maxLength") if part else None
    return bound if isinstance(bound, int) else None


def part_at(pointer: str) -> dict[str, Any]:
    """What the schema says of a place of the document (a JSON pointer); not to be changed.

    :raises KeyError: there can be nothing at that place.
    """
    keys = (each.replace("~1", "/").replace("~0", "~") for each in pointer.split("/")[1:])
    part = _part(tuple(keys))
    if part is None:
        raise KeyError(pointer)
    return part


def _part(path: tuple[str, ...]) -> dict[str, Any] | None:
    whole = _whole()
    known = whole
    for part in path:
        known = _resolved(whole, known)
        inner = known.get("properties", {}).get(part, known.get("additionalProperties"))
        known = known.get("items", inner) if part.isdigit() else inner
        if not isinstance(known, dict):
            return None
    return _resolved(whole, known)


@cache
def _whole() -> dict[str, Any]:
    return schema()


def _resolved(whole: dict[str, Any], part: dict[str, Any]) -> dict[str, Any]:
    """The schema that a reference names, with what stands beside the reference."""
    while "$ref" in part:
        beside = {key: value for key, value in part.items() if key != "$ref"}
        named: dict[str, Any] = whole
        for name in part["$ref"].removeprefix("#/").split("/"):
            named = named[name]
        part = {**named, **beside}
    return part
