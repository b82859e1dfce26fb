"""Rules about the description of a disk."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from installer.config.sound import Sound
from installer.sizes import parse_size
from ks_schema import Problem
from ks_schema.syntax import child


def match_problems(sound: Sound) -> Iterator[Problem]:
    """Ranges of sizes that no disk can be in."""
    for pointer, _name, disk in sound.items("disks"):
        for place, match in _matches(child(pointer, "match"), disk.get("match", {})):
            size = match.get("size", {})
            if {"min", "max"} <= size.keys() and parse_size(size["min"]) > parse_size(size["max"]):
                yield sound.document.problem(
                    f"{place}/size", "no disk is this large and this small", "min is the smaller"
                )


def _matches(pointer: str, match: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The match and all those inside it, each with its place."""
    yield pointer, match
    for index, each in enumerate(match.get("any_of", ())):
        yield from _matches(f"{pointer}/any_of/{index}", each)
