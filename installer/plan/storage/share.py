"""How a stretch of bytes is shared among those who want a part of it."""

from __future__ import annotations

from collections.abc import Sequence

from installer.config.storage import Size


def share(total: int, wanted: Sequence[Size], unit: int) -> tuple[int, ...] | int:
    """The bytes that each gets, whole ``unit`` s; or how many bytes are missing.

    Fixed sizes come first, then shares in percent of ``total``; what is left is divided evenly
    among the rest, none of which gets less than its minimum (one unit at least) or more than its
    maximum.
    """
    total = total // unit * unit
    given = [_wanted(size, total, unit) for size in wanted]
    missing = sum(given) - total
    if missing > 0:
        return missing
    open_ended = [
        index for index, size in enumerate(wanted) if size.fixed is None and size.percent is None
    ]
    while open_ended:
        left = total - sum(given)
        if left < unit:
            break
        # Who has the least comes first, so that all rise to the same level.
        level = min(given[index] for index in open_ended)
        lowest = [index for index in open_ended if given[index] == level]
        above = [given[index] for index in open_ended if given[index] > level]
        step = left // len(lowest) // unit * unit
        step = min([step or unit, *(each - level for each in above)])
        for index in lowest:
            limit = _limit(wanted[index], unit)
            rise = step if limit is None else min(step, limit - given[index])
            given[index] += min(rise, (total - sum(given)) // unit * unit)
        open_ended = [
            index for index in open_ended if not _is_full(given[index], wanted[index], unit)
        ]
    return tuple(given)


def _wanted(size: Size, total: int, unit: int) -> int:
    """The least that it takes."""
    if size.fixed is not None:
        return max(_up(size.fixed, unit), unit)
    least = max(_up(size.minimum, unit), unit)
    if size.percent is None:
        return least
    part = int(total * size.percent / 100) // unit * unit
    limit = _limit(size, unit)
    return max(least, part if limit is None else min(part, limit))


def _limit(size: Size, unit: int) -> int | None:
    return None if size.maximum is None else max(size.maximum // unit * unit, unit)


def _is_full(given: int, size: Size, unit: int) -> bool:
    limit = _limit(size, unit)
    return limit is not None and given >= limit


def _up(size: int, unit: int) -> int:
    return -(-size // unit) * unit
