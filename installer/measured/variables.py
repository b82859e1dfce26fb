"""The firmware's variables as they are measured, and the lists that some of them hold."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from installer.secureboot.lists import Certificate
from installer.secureboot.variables import (
    EDK2_SWITCH,
    EFIVARS,
    GLOBAL,
    SECURITY,
    SHIM,
    Variables,
    read_efivars,
    read_store,
    variable,
)

_HEADER = struct.Struct("<16sQQ")
_LIST = struct.Struct("<16sIII")
_OWNER_SIZE = 16
_X509 = UUID("a5c059a1-94e4-4aa7-87b5-ab155c2bf072").bytes_le
_SHA256 = UUID("c1c41626-504c-4092-aca9-41f936934328").bytes_le
# What shim mirrors for the running system, and what else decides on the next start.
_MORE = {
    SHIM: ("MokSBStateRT", "MokListTrustedRT", "MokPolicyRT", "MokNew", "MokDel", "MokXNew"),
    GLOBAL: ("OsIndicationsSupported",),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """An entry of a signature list: whose it is and what is in it (``data``)."""

    data: bytes
    is_certificate: bool

    @property
    def certificate(self) -> Certificate:
        """The certificate in it."""
        return Certificate(der=self.data[_OWNER_SIZE:])

    @property
    def digest(self) -> bytes:
        """The SHA-256 digest in it."""
        return self.data[_OWNER_SIZE:]


def machine_variables(folder: Path = EFIVARS) -> Variables:
    """The variables of this machine that decide what is measured."""
    more = {
        (name, vendor): variable(folder, name, vendor)
        for vendor, names in _MORE.items()
        for name in names
    }
    return {**read_efivars(folder), **more}


def store_variables(path: Path) -> Variables:
    """The same, of the virtual machine that has this variable store.

    :raises CommandFailed: it cannot be read, or is no such store.
    """
    found = dict(read_store(path))
    on = bool(found.get(("PK", GLOBAL))) and found.get(("SecureBootEnable", EDK2_SWITCH)) != b"\0"
    return {**found, ("SecureBoot", GLOBAL): b"\x01" if on else b"\0"}


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


def certificate_list(der: bytes) -> bytes:
    """A list of one certificate, which shim is the owner of."""
    data = UUID(SHIM).bytes_le + der
    return _LIST.pack(_X509, _LIST.size + len(data), 0, len(data)) + data


def entries(lists: bytes) -> Iterator[Entry]:
    """The certificates and the SHA-256 digests in signature lists.

    :raises ValueError: they are cut off.
    """
    at = 0
    while at < len(lists):
        if at + _LIST.size > len(lists):
            raise ValueError("a signature list is cut off")
        kind, size, header, each = _LIST.unpack_from(lists, at)
        start, end = at + _LIST.size + header, at + size
        if not (_LIST.size <= size and end <= len(lists) and each > _OWNER_SIZE):
            raise ValueError("a signature list is cut off")
        if kind in {_X509, _SHA256}:
            for place in range(start, end - each + 1, each):
                yield Entry(data=lists[place : place + each], is_certificate=kind == _X509)
        at = end
