"""What must be typed before disks are written to."""

from __future__ import annotations

from installer.machine.facts import Disk

# Nobody types the names of more: then it is how many there are.
_MOST_NAMES = 4


def confirmation(disks: tuple[Disk, ...]) -> str:
    """What must be typed before the disks are written to: the name of each, of many their number.

    :func:`is_confirmed` looks whether it was.
    """
    names = " ".join(disk.path.rpartition("/")[2] for disk in disks)
    return names if len(disks) <= _MOST_NAMES else f"{len(disks)} disks"


def is_confirmed(typed: str, disks: tuple[Disk, ...]) -> bool:
    """Whether it is the :func:`confirmation`, the names in any order, with commas or without."""
    return sorted(typed.replace(",", " ").split()) == sorted(confirmation(disks).split())
