"""What is stacked on the disks: arrays, volume groups, encrypted volumes, swap space in use.

An array or a volume group may be there without being active; what it would take along is known all
the same, by the identifiers in its members.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from installer.errors import CommandFailed
from installer.machine.facts import Content, Layer, LayerKind
from installer.machine.probe.nodes import Node, children_of, mounts_of, text_of
from installer.machine.probe.sysfs import read_text
from installer.system.program_output import json_rows, text_in
from installer.system.runner import Runner

SWAP_MOUNT = "[SWAP]"
_MD_MEMBER = "linux_raid_member"
_LVM_MEMBER = "LVM2_member"
# "LVM-", the volume group's UUID and the volume's, 32 characters each, no hyphens:
# https://sourceware.org/git/?p=lvm2.git;a=blob;f=lib/activate/dev_manager.c
_DM_UUID = re.compile(r"LVM-(\w{32})\w{32}.*")
# What stands for the name of groups that LVM could not be asked for.
_UNREAD_GROUP = "that cannot be read"
_GROUPS_OF_UUID = (6, 4, 4, 4, 4, 4, 6)

# The device, its volume group's name and UUID.
Member = tuple[str, str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class VolumeGroups:
    """What lsblk does not tell of LVM: the members, and each active volume's group UUID."""

    members: tuple[Member, ...] = ()
    active: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class _Found:
    """A layer while its parts are being collected from the whole tree."""

    kind: LayerKind
    name: str
    uuid: str = ""
    active: bool = True
    parents: dict[str, None] = field(default_factory=dict)
    devices: dict[str, None] = field(default_factory=dict)
    contents: dict[str, Content] = field(default_factory=dict)

    def add(self, node: Node) -> None:
        """Remember a device that the layer makes, and what is on it."""
        path, filesystem = node["path"], text_of(node, "fstype")
        self.devices[path] = None
        if filesystem:
            self.contents[path] = Content(
                path=path,
                filesystem=filesystem,
                label=text_of(node, "label"),
                uuid=text_of(node, "uuid"),
            )

    def layer(self) -> Layer:
        return Layer(
            kind=self.kind,
            name=self.name,
            uuid=self.uuid,
            active=self.active,
            # A thin volume lies on its pool, which is of the same group.
            parents=tuple(each for each in self.parents if each not in self.devices),
            devices=tuple(self.devices),
            contents=tuple(self.contents.values()),
        )


def layer_kind(node: Node) -> LayerKind | None:
    """Which layer makes this device; None for disks, partitions and what is not known here."""
    if re.fullmatch(r"md[_\d].*", node["kname"]):
        return None if node["type"] == "part" else LayerKind.MD
    return {"lvm": LayerKind.LVM, "crypt": LayerKind.CRYPT}.get(node["type"])


def layers_in(roots: Iterable[Node], volumes: VolumeGroups) -> tuple[Layer, ...]:
    """Every layer on these disks (lsblk's nodes), each once, lowest first."""
    found: dict[tuple[LayerKind, str], _Found] = {}
    nodes = [pair for root in roots for pair in _with_parents(root, None)]
    for node, parent in nodes:
        _collect(found, node, parent, volumes)
    for node, _ in nodes:
        _collect_idle_member(found, node)
    for path, name, uuid in volumes.members:
        group = _Found(kind=LayerKind.LVM, name=name, uuid=uuid, active=False)
        found.setdefault((LayerKind.LVM, uuid), group).parents[path] = None
    return tuple(each.layer() for each in found.values())


def volume_group_members(runner: Runner, root: Path, nodes: Iterable[Node]) -> VolumeGroups:
    """What LVM knows, when any of the devices is its; nothing when LVM cannot be asked."""
    everything = [node for each in nodes for node, _ in _with_parents(each, None)]
    if not any(_is_of_lvm(node) for node in everything):
        return VolumeGroups()
    active = {
        node["kname"]: volume_group_uuid(
            read_text(root / "sys/class/block" / node["kname"] / "dm/uuid")
        )
        for node in everything
        if node["type"] == "lvm"
    }
    command = ["pvs", "--reportformat", "json", "--options", "pv_name,vg_name,vg_uuid"]
    try:
        members = parse_members(runner.run(command))
    except CommandFailed:
        # The volumes that are active are known without it. Of the others nobody can say what
        # belongs together, so that they stay or go as one.
        members = tuple((path, _UNREAD_GROUP, "") for path in _idle_members(everything))
    return VolumeGroups(members=members, active=active)


def _idle_members(nodes: Iterable[Node]) -> Iterator[str]:
    """The members on which no volume is active."""
    for node in nodes:
        active = any(each["type"] == "lvm" for each in children_of(node))
        if text_of(node, "fstype") == _LVM_MEMBER and not active:
            yield node["path"]


def _is_of_lvm(node: Node) -> bool:
    # Not every udev looks for a member on an array; a volume on it tells as much.
    return node["type"] == "lvm" or text_of(node, "fstype") == _LVM_MEMBER


def volume_group_uuid(dm_uuid: str) -> str:
    """The volume group's UUID as LVM writes it, from the device-mapper's; "" if it has none."""
    match = _DM_UUID.fullmatch(dm_uuid)
    if match is None:
        return ""
    parts, rest = [], match[1]
    for length in _GROUPS_OF_UUID:
        parts.append(rest[:length])
        rest = rest[length:]
    return "-".join(parts)


def parse_members(report: str) -> tuple[Member, ...]:
    """The devices that belong to a volume group, from the output of ``pvs --reportformat json``.

    :raises CommandFailed: it is not what pvs prints.
    """
    columns = ("pv_name", "vg_name", "vg_uuid")
    found = json_rows("pvs", report, "report", "pv")
    if any(column not in row for row in found for column in columns):
        raise CommandFailed("pvs: its output lacks a column")
    rows = [tuple(text_in(row, column) for column in columns) for row in found]
    # A member that is missing has no device.
    return tuple(
        (path, name, uuid) for path, name, uuid in rows if name and path.startswith("/dev/")
    )


def _with_parents(node: Node, parent: Node | None) -> Iterator[tuple[Node, Node | None]]:
    """The node and everything on it; what lies on several devices comes once for each."""
    yield node, parent
    for child in children_of(node):
        yield from _with_parents(child, node)


def _collect(
    found: dict[tuple[LayerKind, str], _Found],
    node: Node,
    parent: Node | None,
    volumes: VolumeGroups,
) -> None:
    kind, path = layer_kind(node), node["path"]
    if kind is not None and parent is not None:
        name, uuid = _identity(kind, node, parent, volumes)
        layer = found.setdefault((kind, uuid or name), _Found(kind=kind, name=name, uuid=uuid))
        container = None if _is_container(node) else _container_on(parent)
        layer.parents[(container or parent)["path"]] = None
        layer.add(node)
    elif node["type"] == "part" and parent is not None and layer_kind(parent) is LayerKind.MD:
        # A partition of an array goes with it; of one without a member in the list there is none.
        for array in found.values():
            if parent["path"] in array.devices:
                array.add(node)
                break
    if SWAP_MOUNT in mounts_of(node):
        swap = _Found(kind=LayerKind.SWAP, name=path)
        found.setdefault((LayerKind.SWAP, path), swap).parents[path] = None


def _container_on(node: Node) -> Node | None:
    """The container on the device that the arrays of the firmware are in, if there is one.

    lsblk shows both on the disks, side by side. The arrays have to be stopped first:
    https://git.kernel.org/pub/scm/utils/mdadm/mdadm.git/tree/Manage.c (Manage_stop)
    """
    return next((each for each in children_of(node) if _is_container(each)), None)


def _is_container(node: Node) -> bool:
    """A container has no room of its own; of two devices on one disk, one must be it."""
    return layer_kind(node) is LayerKind.MD and not node["size"]


def _collect_idle_member(found: dict[tuple[LayerKind, str], _Found], node: Node) -> None:
    uuid, name = text_of(node, "uuid"), text_of(node, "label")
    if text_of(node, "fstype") != _MD_MEMBER or any(map(layer_kind, children_of(node))):
        return
    idle = _Found(kind=LayerKind.MD, name=name or uuid, uuid=uuid, active=False)
    found.setdefault((LayerKind.MD, uuid or node["path"]), idle).parents[node["path"]] = None


def _identity(kind: LayerKind, node: Node, parent: Node, volumes: VolumeGroups) -> tuple[str, str]:
    """The name and the UUID of the layer that makes the device."""
    match kind:
        case LayerKind.MD:
            member = text_of(parent, "fstype") == _MD_MEMBER
            return node["name"], text_of(parent, "uuid") if member else ""
        case LayerKind.LVM:
            # device-mapper joins group and volume by a hyphen, and doubles those inside them.
            group = re.split(r"(?<!-)-(?!-)", node["name"], maxsplit=1)[0].replace("--", "-")
            return group, volumes.active.get(node["kname"], "")
        case _:
            return node["name"], ""
