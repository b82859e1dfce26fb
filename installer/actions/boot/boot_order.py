"""The firmware's boot entries as ``efibootmgr -v`` prints them, and the place of a new one."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import assert_never

from installer.config.boot import BootOrder
from installer.machine.facts import BootEntry

_ENTRY = re.compile(r"^Boot([0-9A-F]{4})([* ]) (.*?)(?:\t(.*))?$")
_ON_DISK = re.compile(r"^HD\(\d+,GPT,([0-9a-fA-F-]{36}),[^/]*\)/?(?:File\()?([^)]*)")
# How a device path begins to speak of the network, by hardware address or by protocol.
_NETWORK = re.compile(r"\b(MAC|IPv4|IPv6)\(")


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryTable:
    """The entries by their numbers, and the numbers in the order in which they are tried."""

    entries: tuple[BootEntry, ...]
    order: tuple[str, ...]


def entry_table(text: str) -> EntryTable:
    """The table in the output of ``efibootmgr -v``."""
    lines = text.split("\n")
    order = next((line for line in lines if line.startswith("BootOrder: ")), "")
    return EntryTable(
        entries=tuple(_entry(match) for line in lines if (match := _ENTRY.match(line))),
        order=tuple(number for number in order.removeprefix("BootOrder: ").split(",") if number),
    )


def _entry(match: re.Match[str]) -> BootEntry:
    number, active, label, path = match.groups(default="")
    on_disk = _ON_DISK.match(path)
    return BootEntry(
        number=number,
        label=label,
        active=active == "*",
        network=bool(_NETWORK.search(path)),
        partition=on_disk.group(1).lower() if on_disk else "",
        loader=on_disk.group(2) if on_disk else "",
    )


def ordered(table: EntryTable, number: str, order: BootOrder) -> tuple[str, ...]:
    """The boot order with ``number`` at its place."""
    others = tuple(each for each in table.order if each != number)
    match order:
        case BootOrder.FIRST:
            return (number, *others)
        case BootOrder.AFTER_PRESENT:
            return (*others[:1], number, *others[1:])
        case BootOrder.LEAVE:
            return others
        case BootOrder.NETWORK_FIRST:
            known = {each.number for each in table.entries if each.network}
            network = tuple(each for each in others if each in known)
            return (*network, number, *(each for each in others if each not in known))
        case _:
            assert_never(order)
