"""EFI programs with sections of any name, for those who look into them."""

from __future__ import annotations

import struct
from collections.abc import Mapping

_ALIGNMENT = 512


def program_with(sections: Mapping[str, bytes]) -> bytes:
    """An EFI program (PE32+) that has these sections; it does nothing."""
    headers, at = 4 * _ALIGNMENT, 0x1000
    table, body, strings = b"", b"", b""
    for name, data in sections.items():
        field = name.encode("ascii")
        if len(field) > 8:  # it stands in the table of strings, behind that one's size
            field, strings = b"/%d" % (4 + len(strings)), strings + field + b"\0"
        size = -(-len(data) // _ALIGNMENT) * _ALIGNMENT
        place = headers + len(body)
        numbers = struct.pack("<IIIIIIHHI", len(data), at, size, place, 0, 0, 0, 0, 0x40000040)
        table += field.ljust(8, b"\0") + numbers
        body += data.ljust(size, b"\0")
        at += -(-size // 0x1000) * 0x1000
    symbols = headers + len(body) if strings else 0
    stub = b"MZ".ljust(60, b"\0") + struct.pack("<I", 64)
    header = struct.pack("<HHIIIHH", 0x8664, len(sections), 0, symbols, 0, 240, 0x22E)
    optional = struct.pack("<HBBIIIII", 0x20B, 0, 0, _ALIGNMENT, 0, 0, 0x1000, 0x1000)
    optional += struct.pack("<QII", 0x100000, 0x1000, _ALIGNMENT)
    optional += struct.pack("<HHHHHHI", 0, 0, 0, 0, 0, 0, 0)
    optional += struct.pack("<IIIHH", 0x100000, headers, 0, 10, 0)
    optional += struct.pack("<QQQQII", 0, 0, 0, 0, 0, 16) + bytes(16 * 8)
    file = (stub + b"PE\0\0" + header + optional + table).ljust(headers, b"\0") + body
    return file + (struct.pack("<I", 4 + len(strings)) + strings if strings else b"")
