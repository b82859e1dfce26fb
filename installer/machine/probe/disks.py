"""The disks: what ``lsblk`` lists, sorted into candidates and devices that are left out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from installer.machine.facts import Disk, Layer, LeftOut, Partition
from installer.machine.probe.layers import (
    SWAP_MOUNT,
    VolumeGroups,
    layer_kind,
    layers_in,
    volume_group_members,
)
from installer.machine.probe.nodes import Node, block_devices, children_of, mounts_of, text_of
from installer.machine.probe.systems import operating_system
from installer.system.blkid import probed
from installer.system.program_output import json_object
from installer.system.runner import Runner

COLUMNS = (
    "NAME,KNAME,PATH,TYPE,SIZE,MODEL,SERIAL,WWN,TRAN,LOG-SEC,PHY-SEC,ROTA,RM,RO,"
    "PTTYPE,FSTYPE,LABEL,UUID,MOUNTPOINTS,START,PARTTYPE,PARTLABEL"
)
# Its initrd tells our medium from others that carry the same label, and mounts it here.
MEDIUM_FOLDER = "/run/photon/medium"

# lsblk's START column counts these, whatever the disk's own sectors are (so does the kernel's
# `start` attribute in sysfs).
_START_UNIT = 512
_LINK_FOLDERS = ("by-id", "by-path", "by-uuid")
_NOT_DISKS = {
    "rom": "a CD or DVD drive",
    "loop": "a loop device",
    "lvm": "a logical volume",
    "mpath": "several paths to one disk (multipath), which is not supported",
    "dmraid": "an array of the firmware, which is not supported",
}
# Nodes that the kernel keeps ready, with nothing behind them until somebody sets them up.
_IDLE_NODES = r"(loop|nbd|ram|zram)\d+"
_NAMES_NOT_DISKS = (
    (r"zram\d+", "compressed memory"),
    (r"ram\d+", "a RAM disk"),
    (r"fd\d+", "a floppy drive"),
    (r"mmcblk\d+(boot\d+|rpmb|gp\d+)", "a hidden area of a memory card"),
    (r"mtdblock\d+", "raw flash memory"),
)
_TRANSPORTS = (
    (r"vd[a-z]+", "virtio"), (r"nvme\d.*", "nvme"), (r"mmcblk\d+", "mmc"), (r"xvd[a-z]+", "xen"),
    (r"sd[a-z]+", "scsi"),
)  # fmt: skip

Links = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Devices:
    """All block devices of the machine: the disks, and what is not a disk."""

    disks: tuple[Disk, ...]
    left_out: tuple[LeftOut, ...]
    layers: tuple[Layer, ...] = ()


def probe_disks(runner: Runner, root: Path = Path("/")) -> Devices:
    """The block devices of the machine.

    :raises CommandFailed: ``lsblk`` fails.
    """
    # Without --all it keeps silent about drives that have no card or disc in them.
    command = ["lsblk", "--json", "--bytes", "--all", "--output", COLUMNS]
    nodes = block_devices(json_object("lsblk", runner.run(command)))
    if not (root / "run/udev/data").is_dir():
        # lsblk takes signatures from udev's database alone where it can.
        nodes = tuple(_signed(runner, each) for each in nodes)
    volumes = volume_group_members(runner, root, nodes)
    return devices_in(nodes, links=_links(root / "dev/disk"), volumes=volumes)


def parse_devices(
    listing: object, *, links: Links | None = None, volumes: VolumeGroups | None = None
) -> Devices:
    """The devices in the output of ``lsblk --json --bytes``; ``links`` has each kernel name's."""
    return devices_in(block_devices(listing), links=links, volumes=volumes)


def devices_in(
    nodes: Iterable[Node], *, links: Links | None = None, volumes: VolumeGroups | None = None
) -> Devices:
    """The disks among these nodes, what is stacked on them, and what is left out."""
    disks: list[Disk] = []
    left_out: list[LeftOut] = []
    roots: list[Node] = []
    for node in filter(_is_there, nodes):
        reason = _no_disk(node)
        if reason:
            left_out.append(LeftOut(path=node["path"], reason=reason))
        else:
            disks.append(_disk(node, (links or {}).get(node["kname"], ())))
            roots.append(node)
            left_out += _unknown_layers(node)
    by_path = sorted(disks, key=lambda disk: _natural(disk.path))
    return Devices(
        disks=tuple(by_path),
        # What lies on several disks has been met on each of them.
        left_out=tuple(dict.fromkeys(left_out)),
        layers=layers_in(roots, volumes or VolumeGroups()),
    )


def _is_there(node: Node) -> bool:
    return bool(node["size"]) or not re.fullmatch(_IDLE_NODES, node["kname"])


def _no_disk(node: Node) -> str:
    """Why this is no disk, "" when it is one."""
    if node["type"] != "disk":
        kind = node["type"] or "that is not known"
        return _NOT_DISKS.get(kind, f"a device of type {kind}")
    for pattern, what in _NAMES_NOT_DISKS:
        if re.fullmatch(pattern, node["kname"]):
            return what
    return "" if node["size"] else "no card or disk is in it"


def _unknown_layers(node: Node) -> Iterator[LeftOut]:
    """What is stacked on a disk in a way that cannot be taken apart here."""
    for child in children_of(node):
        if _is_unknown_layer(child):
            yield LeftOut(path=child["path"], reason=_no_disk(child))
        yield from _unknown_layers(child)


def _is_unknown_layer(node: Node) -> bool:
    return node["type"] != "part" and layer_kind(node) is None


def _disk(node: Node, links: tuple[str, ...]) -> Disk:
    parts = [child for child in children_of(node) if child["type"] == "part"]
    medium = any(MEDIUM_FOLDER in mounts_of(each) for each in (node, *parts))
    return Disk(
        path=node["path"],
        size=node["size"],
        model=text_of(node, "model"),
        serial=text_of(node, "serial"),
        wwn=text_of(node, "wwn"),
        transport=text_of(node, "tran") or _transport(node["kname"]),
        links=links,
        logical_sector=node["log-sec"],
        physical_sector=node["phy-sec"],
        rotational=node["rota"],
        removable=node["rm"],
        read_only=node["ro"],
        medium=medium,
        in_use=_in_use(node, medium=medium),
        table=text_of(node, "pttype"),
        filesystem=text_of(node, "fstype"),
        label=text_of(node, "label"),
        uuid=text_of(node, "uuid"),
        partitions=_partitions(parts),
    )


def _partitions(parts: list[Node]) -> tuple[Partition, ...]:
    types = {text_of(part, "parttype").lower() for part in parts}
    partitions = (
        Partition(
            path=part["path"],
            number=_number(part["kname"]),
            start=part["start"] * _START_UNIT,
            size=part["size"],
            type_guid=text_of(part, "parttype").lower(),
            name=text_of(part, "partlabel"),
            filesystem=text_of(part, "fstype"),
            label=text_of(part, "label"),
            uuid=text_of(part, "uuid"),
            mounted=mounts_of(part),
            operating_system=operating_system(
                type_guid=text_of(part, "parttype").lower(),
                filesystem=text_of(part, "fstype"),
                label=text_of(part, "label"),
                other_types=types,
            ),
        )
        for part in parts
    )
    return tuple(sorted(partitions, key=lambda partition: partition.number))


def _in_use(node: Node, *, medium: bool) -> str:
    if medium:
        return "it holds the installation medium"
    if node["ro"]:
        return "it is read-only"
    return ", ".join(dict.fromkeys(_uses(node)))


def _uses(node: Node) -> Iterator[str]:
    """Who uses the device or anything on it, and cannot be stopped by the installer."""
    for mount in mounts_of(node):
        if mount != SWAP_MOUNT:
            yield f"mounted at {mount}"
    for child in children_of(node):
        if _is_unknown_layer(child):
            yield f"part of {child['name']} ({child['type']})"
        yield from _uses(child)


def _number(kernel_name: str) -> int:
    digits = re.search(r"\d+$", kernel_name)
    return int(digits.group()) if digits else 0


def _transport(kernel_name: str) -> str:
    """The transport that lsblk does not tell of (virtio before util-linux 2.39), by the name."""
    return next((name for pattern, name in _TRANSPORTS if re.fullmatch(pattern, kernel_name)), "")


def _natural(path: str) -> tuple[str, list[tuple[int, str]]]:
    """Sorts by kind of disk, then nvme2 before nvme10 and sdb before sdaa."""
    name = Path(path).name
    return name[:2], [(len(part), part) for part in re.findall(r"\d+|\D+", name)]


def _links(folder: Path) -> dict[str, tuple[str, ...]]:
    """Kernel name -> its other names below ``/dev/disk``, as udev made them."""
    links: dict[str, list[str]] = {}
    for kind in _LINK_FOLDERS:
        if not (folder / kind).is_dir():
            continue
        for link in sorted((folder / kind).iterdir()):
            if link.is_symlink():
                links.setdefault(link.readlink().name, []).append(f"/dev/disk/{kind}/{link.name}")
    return {name: tuple(each) for name, each in links.items()}


def _signed(runner: Runner, node: Node) -> Node:
    """The node and its children with what ``blkid`` finds on them."""
    children = tuple(_signed(runner, child) for child in children_of(node))
    found = {} if node["type"] == "rom" or not node["size"] else probed(runner, node["path"])
    return {**node, **lsblk_columns(found), "children": children}


def lsblk_columns(found: Mapping[str, str]) -> dict[str, str]:
    """lsblk's columns for what blkid found."""
    columns = {
        "TYPE": "fstype", "LABEL": "label", "UUID": "uuid", "PTTYPE": "pttype",
        "PART_ENTRY_TYPE": "parttype", "PART_ENTRY_NAME": "partlabel",
    }  # fmt: skip
    return {columns[key]: value for key, value in found.items() if key in columns}
