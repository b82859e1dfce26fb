"""SBAT: generations of boot loaders, of which shim refuses those that are too old.

https://github.com/rhboot/shim/blob/main/SBAT.md
"""

from __future__ import annotations

import struct

_FIRST = "sbat"
_DATE_FIELD = 2
_OFFSETS = struct.Struct("<II")
_VERSION_SIZE = 4


def parse_sbat(data: bytes) -> dict[str, int]:
    """The generation of each component that a ``.sbat`` section or a revocation list names.

    :raises ValueError: it is not such a text.
    """
    found = {}
    for line in data.split(b"\0", 1)[0].decode("ascii").splitlines():
        if not line:
            continue
        name, _, rest = line.partition(",")
        generation = rest.partition(",")[0]
        if not name or not generation.isdigit():
            raise ValueError(f"{line[:40]!r} is not a line of SBAT")
        found[name] = int(generation)
    if not found:
        raise ValueError("there is nothing in it")
    return found


def sbat_date(level: str) -> str:
    """The date of a revocation list, digits from the year to the hour; "" if it has none."""
    fields = level.split("\n", 1)[0].strip("\0").split(",")
    known = len(fields) > _DATE_FIELD and fields[0] == _FIRST and fields[_DATE_FIELD].isdigit()
    return fields[_DATE_FIELD] if known else ""


def built_in_level(section: bytes) -> str:
    """The revocations that a shim brings along (``.sbatlevel``) and applies by itself.

    The section has a newer list too, which applies only when somebody asks for it (mokutil
    --set-sbat-policy latest). "" when the section cannot be read.
    """
    if len(section) < _VERSION_SIZE + _OFFSETS.size:
        return ""
    automatic, _ = _OFFSETS.unpack_from(section, _VERSION_SIZE)
    text = section[_VERSION_SIZE + automatic :].split(b"\0", 1)[0]
    return text.decode("ascii", "replace")


def effective_level(firmware: str, built_in: str) -> str:
    """The revocations that shim goes by: the firmware's, or its own when they are newer."""
    return built_in if sbat_date(built_in) > sbat_date(firmware) else firmware


def too_old(generations: dict[str, int], level: str) -> str:
    """The first component that is older than the level allows: a text, "" when there is none."""
    for name, least in parse_sbat(level.encode("ascii", "replace")).items():
        if name in generations and generations[name] < least:
            return f"{name} {generations[name]}, at least {least} is wanted"
    return ""
