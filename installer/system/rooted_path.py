"""Paths below a root, with links followed as something that runs there would follow them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

_MOST_LINKS = 40  # as Linux has it


def resolved(
    top: Path, path: str, *, last: bool = True, look: Callable[[Path], None] = lambda _: None
) -> Path | None:
    """Where a path of the tree at ``top`` is; no link leads out of it. None: too many links.

    ``last``: a link in the last place is followed, too. ``look`` sees each directory on the way,
    and the place itself.
    """
    place, parts, links = top, _parts(path), 0
    while parts:
        part = parts.pop(0)
        step = place / part
        if part == "..":
            place = place if place == top else place.parent
        elif (parts or last) and step.is_symlink():
            links += 1
            if links > _MOST_LINKS:
                return None
            link = str(step.readlink())
            parts = _parts(link) + parts
            place = top if link.startswith("/") else place
        else:
            place = step
            look(place)
    return place


def _parts(path: str) -> list[str]:
    return [part for part in path.split("/") if part not in {"", "."}]
