"""The names that a draft gives to the disks, and how the kickstart tells them apart."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from installer.machine.facts import Disk, Machine
from installer.machine.layers import disks_sharing
from installer.machine.pools import stacked


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedDisk:
    """A disk: its name in the kickstart, its node now, and the key and value that select it.

    ``path`` is "" for one that is gone.
    """

    name: str
    path: str
    key: str
    value: str


def named_disks(known: tuple[NamedDisk, ...], machine: Machine) -> tuple[NamedDisk, ...]:
    """The machine's disks. One that had a name keeps it, whatever else has come or gone.

    A disk that is gone keeps its name too, without a path: no other one is taken for it.
    """
    names = {(each.key, each.value): each.name for each in known}
    free = (name for number in range(1, 1000) if (name := f"disk-{number}") not in names.values())
    found = []
    for disk in machine.disks:
        key, value = selector(disk, machine.disks)
        name = names.get((key, value)) or next(free)
        found.append(NamedDisk(name=name, path=disk.path, key=key, value=value))
    there = {each.name for each in found}
    gone = (replace(each, path="") for each in known if each.name not in there)
    return (*found, *gone)


def paths_now(before: tuple[NamedDisk, ...], now: tuple[NamedDisk, ...]) -> dict[str, str]:
    """The new path of every disk by its old one, "" for one that is gone."""
    paths = {each.name: each.path for each in now}
    return {each.path: paths.get(each.name, "") for each in before if each.path}


def selector(disk: Disk, disks: tuple[Disk, ...]) -> tuple[str, str]:
    """What tells the disk apart the longest: the kernel numbers disks anew at each start."""
    if disk.serial and [other.serial for other in disks].count(disk.serial) == 1:
        return "serial", disk.serial
    for folder in ("/dev/disk/by-id/", "/dev/disk/by-path/"):
        for link in sorted(disk.links):
            if link.startswith(folder):
                return "device", link
    return "device", disk.path


def partners(paths: Iterable[str], machine: Machine | None) -> tuple[str, ...]:
    """The further disks that must be erased with these: half an array is of no use to anybody."""
    if machine is None:
        return ()
    wanted, layers = tuple(paths), stacked(machine)
    found = [
        other.path
        for disk in machine.disks
        if disk.path in wanted
        for other in disks_sharing(disk, machine.disks, layers)
    ]
    return tuple(path for path in dict.fromkeys(found) if path not in wanted)
