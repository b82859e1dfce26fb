"""How a kickstart says which disk: read, checked, and written down again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from installer.config.model import DiskMatch, DiskSelector, Pick
from installer.config.sound import Sound
from installer.sizes import exact_size, parse_size
from ks_schema import Problem
from ks_schema.syntax import child

Data = Mapping[str, Any]

_AS_SAID = ("serial", "wwn", "model", "transport", "rotational", "removable", "path")


def disk_selector(name: str, data: Data) -> DiskSelector:
    """The selector that the kickstart's ``disks.NAME`` describes."""
    return DiskSelector(
        name=name,
        device=data.get("device"),
        serial=data.get("serial"),
        match=_match(data["match"]) if "match" in data else None,
        pick=Pick(data["pick"]) if "pick" in data else None,
    )


def disk_data(selector: DiskSelector) -> dict[str, Any]:
    """What ``disks.NAME`` says to give this selector."""
    said: dict[str, Any] = {
        "device": selector.device,
        "serial": selector.serial,
        "match": None if selector.match is None else _match_data(selector.match),
        "pick": selector.pick and str(selector.pick),
    }
    return _without_none(said)


def match_problems(sound: Sound) -> Iterator[Problem]:
    """Ranges of sizes that no disk can be in."""
    for pointer, _name, disk in sound.items("disks"):
        for place, match in _matches(child(pointer, "match"), disk.get("match", {})):
            size = match.get("size", {})
            if {"min", "max"} <= size.keys() and parse_size(size["min"]) > parse_size(size["max"]):
                yield sound.document.problem(
                    f"{place}/size", "no disk is this large and this small", "min is the smaller"
                )


def _matches(pointer: str, match: Data) -> Iterator[tuple[str, Data]]:
    """The match and all those inside it, each with its place."""
    yield pointer, match
    for index, each in enumerate(match.get("any_of", ())):
        yield from _matches(f"{pointer}/any_of/{index}", each)


def _match(data: Data) -> DiskMatch:
    size = data.get("size", {})
    return DiskMatch(
        **{key: data[key] for key in _AS_SAID if key in data},
        size_min=parse_size(size["min"]) if "min" in size else None,
        size_max=parse_size(size["max"]) if "max" in size else None,
        any_of=tuple(_match(each) for each in data.get("any_of", ())),
    )


def _match_data(match: DiskMatch) -> dict[str, Any]:
    said: dict[str, Any] = {key: getattr(match, key) for key in _AS_SAID}
    size = _without_none({"min": _size(match.size_min), "max": _size(match.size_max)})
    any_of = [_match_data(each) for each in match.any_of]
    return _without_none(said | {"size": size or None, "any_of": any_of or None})


def _size(size: int | None) -> str | int | None:
    return None if size is None else exact_size(size)


def _without_none(data: Data) -> dict[str, Any]:
    return {key: value for key, value in data.items() if value is not None}
