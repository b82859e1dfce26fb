"""The firmware's boot entries, out of its variables.

Read from efivarfs itself: it is a few bytes, and needs neither another program nor a library, so
that the screens can show them at once. UEFI specification 2.10, sections 3.1.3 and 10.3.
"""

from __future__ import annotations

import re
import struct
from pathlib import Path
from uuid import UUID

from installer.machine.facts import BootEntry
from installer.secureboot.variables import GLOBAL, variable
from ks_schema.wording import printable

_OPTION = struct.Struct("<IH")
_NODE = struct.Struct("<BBH")
_ACTIVE = 1
_MESSAGING, _END = 3, 0x7F
_END_OF_ONE = 1  # of several device paths in one variable
_UART = 14
_HARD_DRIVE, _FILE_PATH = (4, 1), (4, 4)
_NETWORK = frozenset({11, 12, 13, 24})  # MAC, IPv4, IPv6, URI
_GUID = slice(20, 36)  # in a hard drive's node: behind its number, start and size
_GPT = 2
_NAME = re.compile(rf"Boot([0-9A-F]{{4}})-{GLOBAL}")


def read_entries(folder: Path) -> tuple[BootEntry, ...]:
    """The boot entries in efivarfs: those in the boot order first, then the others."""
    try:
        names = sorted(each.name for each in folder.iterdir())
    except OSError:
        return ()
    numbers = [match.group(1) for name in names if (match := _NAME.fullmatch(name))]
    order = boot_order(folder)
    numbers.sort(key=lambda number: order.index(number) if number in order else len(order))
    found = [parse_entry(number, variable(folder, f"Boot{number}")) for number in numbers]
    return tuple(each for each in found if each is not None)


def boot_order(folder: Path) -> tuple[str, ...]:
    """The numbers in the order in which the firmware tries them."""
    data = variable(folder, "BootOrder")
    return tuple(f"{number:04X}" for (number,) in struct.iter_unpack("<H", data[: len(data) & ~1]))


def console_on_serial(folder: Path) -> bool:
    """Whether the firmware has its console on a serial line, among other places perhaps."""
    path = variable(folder, "ConOut")
    position = 0
    while position + _NODE.size <= len(path):
        kind, subtype, size = _NODE.unpack_from(path, position)
        if size < _NODE.size or (kind == _END and subtype != _END_OF_ONE):
            break
        if (kind, subtype) == (_MESSAGING, _UART):
            return True
        position += size
    return False


def parse_entry(number: str, data: bytes) -> BootEntry | None:
    """The entry that a variable (an EFI_LOAD_OPTION) holds; None when it holds none."""
    if len(data) < _OPTION.size:
        return None
    attributes, size = _OPTION.unpack_from(data)
    end = next(
        (at for at in range(_OPTION.size, len(data) - 1, 2) if data[at : at + 2] == b"\0\0"), None
    )
    if end is None or end + 2 + size > len(data):
        return None
    partition, loader, network = _device(data[end + 2 : end + 2 + size])
    return BootEntry(
        number=number,
        label=_text(data[_OPTION.size : end]),
        active=bool(attributes & _ACTIVE),
        network=network,
        partition=partition,
        loader=loader if partition else "",
    )


def _device(path: bytes) -> tuple[str, str, bool]:
    """The partition's GUID, the file on it, and whether it lies on a network."""
    partition, loader, network = "", "", False
    position = 0
    while position + _NODE.size <= len(path):
        kind, subtype, size = _NODE.unpack_from(path, position)
        if kind == _END or size < _NODE.size:
            break
        value = path[position + _NODE.size : position + size]
        if (kind, subtype) == _HARD_DRIVE and len(value) == 38 and value[37] == _GPT:
            partition = str(UUID(bytes_le=value[_GUID]))
        elif (kind, subtype) == _FILE_PATH:
            loader += _text(value)
        elif kind == _MESSAGING and subtype in _NETWORK:
            network = True
        position += size
    return partition, loader, network


def _text(data: bytes) -> str:
    text = data[: len(data) & ~1].decode("utf-16-le", "replace").split("\0", 1)[0]
    return printable(text)
