"""What arrays leave unused of disks that are larger than the smallest of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from installer.sizes import GIB, format_size

# Disks of one nominal size differ by less.
_WORTH_NAMING = GIB


@dataclass(frozen=True, slots=True, kw_only=True)
class ArrayParts:
    """The bytes that are there for one array on each disk, with the disk's path."""

    members: tuple[tuple[str, int], ...]
    spares: tuple[tuple[str, int], ...] = ()


def unused_notes(arrays: Iterable[ArrayParts]) -> tuple[str, ...]:
    """A sentence for each disk of which the arrays together leave something unused."""
    unused: dict[str, int] = {}
    for array in arrays:
        taken = min((size for _path, size in array.members), default=0)
        for path, size in (*array.members, *array.spares):
            unused[path] = unused.get(path, 0) + max(0, size - taken)
    return tuple(
        f"{format_size(size)} of {path} stay unused: an array takes as much of each disk as of the "
        "smallest"
        for path, size in unused.items()
        if size >= _WORTH_NAMING
    )
