"""A disk as a bar of letters: small ones for partitions that are there, capitals for new ones."""

from __future__ import annotations

from collections.abc import Mapping
from string import ascii_lowercase, ascii_uppercase

from installer.machine.facts import Disk
from installer.plan.storage.model import PlannedDisk

WIDTH = 64
FREE = "."
_MANY = "#"

# Start and size in bytes, and the letter that it is drawn with.
_Piece = tuple[int, int, str]


def existing_letters(disk: Disk) -> Mapping[int, str]:
    """The letter of every partition that is there, by its number, in the order on the disk."""
    there = sorted(disk.partitions, key=lambda each: each.start)
    return {each.number: _letter(index, ascii_lowercase) for index, each in enumerate(there)}


def new_letters(planned: PlannedDisk) -> Mapping[str, str]:
    """The letter of every new partition, by its reference."""
    made = sorted(planned.partitions, key=lambda each: each.start)
    return {each.reference: _letter(index, ascii_uppercase) for index, each in enumerate(made)}


def bar_before(disk: Disk, width: int = WIDTH) -> str:
    """The disk as it is."""
    letters = existing_letters(disk)
    pieces = [(each.start, each.size, letters[each.number]) for each in disk.partitions]
    return _bar(pieces, disk.size, width)


def bar_after(planned: PlannedDisk, width: int = WIDTH) -> str:
    """The disk as it will be."""
    before, after = existing_letters(planned.disk), new_letters(planned)
    pieces = [(each.start, each.size, after[each.reference]) for each in planned.partitions]
    for kept in planned.kept:
        size = kept.partition.size if kept.new_size is None else kept.new_size
        pieces.append((kept.partition.start, size, before[kept.partition.number]))
    return _bar(pieces, planned.disk.size, width)


def _bar(pieces: list[_Piece], size: int, width: int) -> str:
    """Every piece has at least one column, so that none is lost from sight."""
    cells = [FREE] * width
    taken = 0
    for number, (start, length, letter) in enumerate(sorted(pieces)):
        rest = len(pieces) - number - 1
        first = min(max(start * width // max(size, 1), taken), max(width - rest - 1, taken))
        last = min(max((start + length) * width // max(size, 1), first + 1), width - rest)
        if first >= width:
            break
        last = max(last, first + 1)
        cells[first:last] = letter * (last - first)
        taken = last
    return f"|{''.join(cells[:width])}|"


def _letter(index: int, letters: str) -> str:
    return letters[index] if index < len(letters) else _MANY
