"""Sizes and durations: the text with a unit that people write, the number that programs use."""

from __future__ import annotations

import re

KIB = 1 << 10
MIB = 1 << 20
GIB = 1 << 30

_SIZE_UNITS = {
    "B": 1,
    "kB": 10**3,
    "MB": 10**6,
    "GB": 10**9,
    "TB": 10**12,
    "KiB": KIB,
    "MiB": MIB,
    "GiB": GIB,
    "TiB": 1 << 40,
}
_TIME_UNITS = {"ms": 0.001, "s": 1.0, "min": 60.0, "h": 3600.0}

SIZE_PATTERN = r"^[0-9]+(\.[0-9]+)? ?(B|kB|MB|GB|TB|KiB|MiB|GiB|TiB)$"
DURATION_PATTERN = r"^[0-9]+(\.[0-9]+)? ?(ms|s|min|h)$"


def parse_size(value: int | str) -> int:
    """Bytes of ``"20 GiB"``, ``"1.5 GB"`` or a plain number of bytes.

    :raises ValueError: the text is not a number with a unit.
    """
    if isinstance(value, int):
        return value
    if not re.fullmatch(SIZE_PATTERN, value):
        raise ValueError(f"{value!r} is not a size; write a number with a unit, like '20 GiB'")
    number, unit = _number_and_unit(value)
    return int(number * _SIZE_UNITS[unit])


def parse_duration(value: float | str) -> float:
    """Seconds of ``"60 s"``, ``"5 min"`` or a plain number of seconds.

    :raises ValueError: the text is not a number with a unit.
    """
    if isinstance(value, int | float):
        return float(value)
    if not re.fullmatch(DURATION_PATTERN, value):
        raise ValueError(f"{value!r} is not a duration; write a number with a unit, like '60 s'")
    number, unit = _number_and_unit(value)
    return number * _TIME_UNITS[unit]


def format_size(size: int) -> str:
    """A size for people, in binary units with at most one decimal: ``"20 GiB"``, ``"1.5 MiB"``."""
    for unit in ("TiB", "GiB", "MiB", "KiB"):
        if size >= _SIZE_UNITS[unit]:
            return f"{size / _SIZE_UNITS[unit]:.1f}".removesuffix(".0") + f" {unit}"
    return f"{size} B"


def exact_size(size: int) -> str | int:
    """The size in the largest unit that gives a whole number, so that nothing is rounded."""
    for unit in ("GiB", "MiB", "KiB"):
        if size % _SIZE_UNITS[unit] == 0:
            return f"{size // _SIZE_UNITS[unit]} {unit}"
    return size


def _number_and_unit(value: str) -> tuple[float, str]:
    number = re.match(r"[0-9.]+", value)
    if number is None:
        raise ValueError(value)
    return float(number.group()), value[number.end() :].strip()
