"""The firmware's variables as they are measured."""

from __future__ import annotations

import hashlib
import struct
from uuid import UUID

from installer.secureboot.variables import GLOBAL, SECURITY

_HEADER = struct.Struct("<16sQQ")


def measured_variable(name: str, vendor: str, data: bytes) -> bytes:
    """A variable in the form in which it is measured (UEFI_VARIABLE_DATA)."""
    header = _HEADER.pack(UUID(vendor).bytes_le, len(name), len(data))
    return header + name.encode("utf-16-le") + data


def variable_digest(name: str, vendor: str, data: bytes) -> bytes:
    """What the register is extended with for a variable."""
    return hashlib.sha256(measured_variable(name, vendor, data)).digest()


def measured_name(event: bytes) -> tuple[str, str]:
    """The name and the vendor of the variable that an event has; empty when it has none."""
    if len(event) < _HEADER.size:
        return "", ""
    vendor, length, _ = _HEADER.unpack_from(event)
    name = event[_HEADER.size :][: 2 * length].decode("utf-16-le", "replace")
    return name, str(UUID(bytes_le=vendor))


def vendor_of(name: str) -> str:
    """The vendor of one of the firmware's own variables."""
    return SECURITY if name in {"db", "dbx"} else GLOBAL
