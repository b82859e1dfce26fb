"""Rules about shares in percent: there is no more than the whole to divide."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from installer.config.sound import Sound
from installer.config.storage import size_of
from ks_schema import Problem
from ks_schema.syntax import child
from ks_schema.wording import quoted

_WHOLE = 100.0

Data = Mapping[str, Any]


def share_problems(sound: Sound) -> Iterator[Problem]:
    """Shares of nothing, of more than the whole, and those that are more than it together."""
    partitions = [(pointer, each) for pointer, _, each in sound.items("storage", "partitions")]
    for disk in dict.fromkeys(each["disk"] for _, each in partitions):
        on_disk = [(pointer, each) for pointer, each in partitions if each["disk"] == disk]
        yield from _sum_problems(sound, f"the disk {quoted(disk)}", on_disk)
    for pointer, name, group in sound.items("storage", "volume_groups"):
        volumes = [
            (child(f"{pointer}/volumes", volume), each)
            for volume, each in group.get("volumes", {}).items()
        ]
        yield from _sum_problems(sound, f"the volume group {quoted(name)}", volumes)
    containers = sound.value("storage", "containers")
    if containers is None:
        return
    pointer = "/storage/containers"
    yield from _each(sound, [(pointer, containers)])
    if _share(containers) == _WHOLE and "disk" not in containers:
        message = "this leaves nothing for the root beside it"
        yield sound.document.problem(
            f"{pointer}/size", message, 'less, like "50%", or a "disk" of its own'
        )


def _sum_problems(sound: Sound, whole: str, parts: Iterable[tuple[str, Data]]) -> Iterator[Problem]:
    parts = list(parts)
    wrong = list(_each(sound, parts))
    yield from wrong
    # What has a largest size may get less than its share.
    shares = [(pointer, _share(each)) for pointer, each in parts if "max_size" not in each]
    together = sum(share for _, share in shares)
    if together > _WHOLE and not wrong:
        last = next(pointer for pointer, share in reversed(shares) if share)
        message = f"the shares of {whole} are {together:g}% together"
        yield sound.document.problem(f"{last}/size", message, 'at most 100%; "rest" takes the rest')


def _each(sound: Sound, parts: Iterable[tuple[str, Data]]) -> Iterator[Problem]:
    for pointer, each in parts:
        percent = size_of(each).percent
        if percent is not None and not 0 < percent <= _WHOLE:
            message = f"{each['size']} is not a share of the whole"
            yield sound.document.problem(f"{pointer}/size", message, "more than 0%, at most 100%")


def _share(data: Data) -> float:
    return size_of(data).percent or 0.0
