"""What there is to know of each RAID level: one row of a table each, which all others read."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class RaidLevel:
    """A level of an md array.

    ``parity`` members' worth of room holds no data, and each block is stored ``copies`` times (0:
    on every member). ``spared`` is how many members may fail, whichever they are. GRUB reads
    /boot from one with ``holds_boot``. ``note`` is for people.
    """

    level: int
    fewest_members: int
    spared: int
    note: str
    parity: int = 0
    copies: int = 1
    holds_boot: bool = False

    @property
    def is_redundant(self) -> bool:
        """Whether it survives the loss of a member; else there is nothing to resynchronise."""
        return self.spared > 0

    def data_members(self, count: int) -> float:
        """How many members' worth of data an array of ``count`` members holds."""
        return (count - self.parity) / (self.copies or count)


# In the order in which they are offered.
RAID_LEVELS = (
    RaidLevel(
        level=1, fewest_members=2, spared=1, copies=0, holds_boot=True,
        note="each member holds everything",
    ),
    RaidLevel(level=0, fewest_members=2, spared=0, note="all the room, lost with any member"),
    RaidLevel(
        level=5, fewest_members=3, spared=1, parity=1, note="one of at least three may fail"
    ),
    RaidLevel(level=6, fewest_members=4, spared=2, parity=2, note="two of at least four may fail"),
    RaidLevel(level=10, fewest_members=2, spared=1, copies=2, note="mirrored and striped"),
)  # fmt: skip
MIRROR = 1
_BY_LEVEL = {each.level: each for each in RAID_LEVELS}


def raid_level(level: int) -> RaidLevel:
    """The row of a level.

    :raises KeyError: no such level can be made.
    """
    return _BY_LEVEL[level]
