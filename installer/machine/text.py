"""The machine for people: everything that was found out about it, in lines of a terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from itertools import chain

from installer.machine.facts import (
    Disk,
    Layer,
    LayerKind,
    LeftOut,
    Machine,
    NetworkInterface,
    Partition,
)
from installer.machine.layers import layer_text
from installer.machine.pools import stacked
from installer.sizes import format_size

_WIDTH = 80
_INDENT = "  "

# A line and how deep it stands.
Line = tuple[str, int]


def machine_text(machine: Machine) -> str:
    """Firmware, processors, memory; disks, what is stacked on them, what is left out; network."""
    sections = (
        _lines((_summary(machine), 0)),
        *(_lines(*_disk(disk)) for disk in machine.disks),
        _section("Stacked on the disks:", *map(_layer, stacked(machine))),
        _section("Not listed:", *map(_left_out, machine.left_out)),
        _section("Network:", *map(_interface, machine.interfaces)),
    )
    name = _joined(" ", machine.vendor, machine.product)
    return (f"{name}\n" if name else "") + "\n\n".join(each for each in sections if each)


def _summary(machine: Machine) -> str:
    virtual = machine.virtualization != "none"
    return _joined(
        ", ",
        f"{machine.firmware.mode} firmware",
        f"Secure Boot {machine.firmware.secure_boot}",
        "1 CPU" if machine.cpus == 1 else f"{machine.cpus} CPUs",
        f"{format_size(machine.memory)} memory",
        machine.architecture,
        f"virtual ({machine.virtualization})" if virtual else "physical",
    )


def _disk(disk: Disk) -> Iterator[Line]:
    yield _joined("  ", disk.path, format_size(disk.size), disk.model), 0
    if disk.in_use:
        yield f"! unavailable: {disk.in_use}", 1
    names = _joined(", ", _said("serial", disk.serial), _said("WWN", disk.wwn))
    if names:
        yield names, 1
    yield _disk_kind(disk), 1
    for link in disk.links:
        yield link, 1
    for partition in disk.partitions:
        yield from _partition(partition)


def _disk_kind(disk: Disk) -> str:
    table = f"{disk.table.upper()} partition table" if disk.table else "no partition table"
    return _joined(
        ", ",
        disk.transport,
        "rotating" if disk.rotational else "solid state",
        "removable" if disk.removable else "",
        f"sectors of {disk.logical_sector} bytes (physical {disk.physical_sector})",
        _said("holds", _joined(" ", disk.filesystem, f'"{disk.label}"' if disk.label else ""))
        if disk.filesystem
        else table,
        _said("UUID", disk.uuid),
    )


def _partition(partition: Partition) -> Iterator[Line]:
    label = partition.label or partition.name
    name = partition.path.rpartition("/")[2]
    filesystem = partition.filesystem or "unrecognized data"
    system = partition.operating_system
    size = format_size(partition.size)
    yield _joined("  ", name, size, filesystem, f'"{label}"' if label else "", system), 1
    details = _joined(
        ", ",
        _said("UUID", partition.uuid),
        _said("mounted at", " ".join(partition.mounted)),
        f"can be shrunk to {format_size(partition.minimum)}" if partition.minimum else "",
    )
    if details:
        yield details, 3


def _layer(layer: Layer) -> Iterator[Line]:
    state = "" if layer.active or layer.kind is LayerKind.POOL else "(not active)"
    yield _joined(" ", layer_text(layer), state, _said("on", " ".join(layer.parents))), 1
    details = _joined(", ", _said("UUID", layer.uuid), _said("makes", " ".join(layer.devices)))
    if details:
        yield details, 3


def _left_out(left_out: LeftOut) -> Iterator[Line]:
    yield f"{left_out.path}: {left_out.reason}", 1


def _interface(interface: NetworkInterface) -> Iterator[Line]:
    cable = "connected" if interface.carrier else "not connected"
    parts = (interface.name, interface.mac, interface.driver, cable, *interface.addresses)
    yield _joined("  ", *parts), 1


def _section(title: str, *entries: Iterator[Line]) -> str:
    return _lines((title, 0), *chain.from_iterable(entries)) if entries else ""


def _lines(*lines: Line) -> str:
    """The lines at their depths; one that is too long goes on below, further in."""
    return "\n".join(
        textwrap.fill(
            text,
            _WIDTH,
            initial_indent=_INDENT * depth,
            subsequent_indent=_INDENT * (depth + 2),
            # Names are there to be copied.
            break_long_words=False,
            break_on_hyphens=False,
        )
        for text, depth in lines
    )


def _said(word: str, value: str) -> str:
    return f"{word} {value}" if value else ""


def _joined(between: str, *parts: str) -> str:
    return between.join(part for part in parts if part)


def disk_text(disk: Disk) -> str:
    """A disk in one line: path, model, serial, size."""
    details = [disk.model, f"serial {disk.serial}" if disk.serial else "", format_size(disk.size)]
    return f"{disk.path} ({', '.join(part for part in details if part)})"


def disks_text(disks: tuple[Disk, ...]) -> str:
    """Several disks in one line."""
    return " and ".join(disk_text(disk) for disk in disks)
