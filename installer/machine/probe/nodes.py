"""The nodes of ``lsblk --json``: a device, its columns, and what is on it.

Releases of lsblk differ in what they print for a column, and a driver may know nothing to say:
every column is brought to its type once, when the listing is read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from installer.errors import CommandFailed
from installer.system.program_output import json_object, number_in
from installer.system.runner import Runner

Node = Mapping[str, Any]

_TEXTS = (
    "type", "model", "serial", "wwn", "tran", "pttype", "fstype", "label", "uuid", "parttype",
    "partlabel",
)  # fmt: skip
_NUMBERS = {"size": 0, "log-sec": 512, "phy-sec": 512, "start": 0}
_FLAGS = ("rota", "rm", "ro")
_YES = (True, 1, "1", "true")


def block_devices(listing: object) -> tuple[Node, ...]:
    """The devices in the output of ``lsblk --json --bytes``, each column of its type.

    A device without any name is left out: nothing could be done with it.

    :raises CommandFailed: it is not a list of devices.
    """
    found = listing.get("blockdevices") if isinstance(listing, Mapping) else None
    if not isinstance(found, list):
        raise CommandFailed("lsblk: its output is not a list of block devices")
    return tuple(_nodes(found))


def listed_devices(runner: Runner, *arguments: str) -> tuple[Node, ...]:
    """Every device in a flat list, with path, type and size.

    :raises CommandFailed: ``lsblk`` fails.
    """
    argv = ["lsblk", "--json", "--bytes", "--list", "--output", "PATH,TYPE,SIZE", *arguments]
    return block_devices(json_object("lsblk", runner.run(argv)))


def children_of(node: Node) -> tuple[Node, ...]:
    """What lies on the device directly."""
    children: tuple[Node, ...] = node["children"]
    return children


def mounts_of(node: Node) -> tuple[str, ...]:
    """Where the device is mounted."""
    mounts: tuple[str, ...] = node["mountpoints"]
    return mounts


def text_of(node: Node, column: str) -> str:
    """A column's text; "" when lsblk has none for it."""
    return str(node[column]).strip()


def _nodes(found: object) -> Iterator[Node]:
    for each in found if isinstance(found, list | tuple) else ():
        if isinstance(each, Mapping) and (node := _node(each)):
            yield node


def _node(raw: Mapping[Any, Any]) -> Node | None:
    name, path = _text(raw.get("name")), _text(raw.get("path"))
    kernel_name = _text(raw.get("kname")) or name or path.rpartition("/")[2]
    if not kernel_name:
        return None
    return {
        "name": name or kernel_name,
        "kname": kernel_name,
        "path": path or f"/dev/{kernel_name}",
        **{column: _text(raw.get(column)) for column in _TEXTS},
        **{column: number_in(raw, column) or otherwise for column, otherwise in _NUMBERS.items()},
        **{column: _flag(raw.get(column)) for column in _FLAGS},
        "mountpoints": _mounts(raw),
        "children": tuple(_nodes(raw.get("children"))),
    }


def _text(value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    return str(value)


def _flag(value: object) -> bool:
    return isinstance(value, bool | int | str) and value in _YES


def _mounts(raw: Mapping[Any, Any]) -> tuple[str, ...]:
    mounts = raw.get("mountpoints")
    # util-linux before 2.37 has one column for the first of them.
    several = mounts if isinstance(mounts, list | tuple) else [mounts, raw.get("mountpoint")]
    return tuple(each for each in several if isinstance(each, str) and each)
