"""What a partition is for, as the tables say it.

GUIDs: https://uapi-group.org/specifications/specs/discoverable_partitions_specification/ and, for
what that does not list, util-linux (https://github.com/util-linux/util-linux, pt-gpt-partnames.h).
"""

from __future__ import annotations

from installer.config.storage import (
    ESP_MOUNT,
    Filesystem,
    FilesystemKind,
    LayoutParts,
    Partition,
    PartitionType,
    TableKind,
)
from installer.machine.facts import ESP_TYPE

_GUIDS = {
    PartitionType.ESP: ESP_TYPE,
    PartitionType.BIOS_BOOT: "21686148-6449-6e6f-744e-656564454649",
    PartitionType.BOOT: "bc13c2ff-59e6-4262-a352-b275fd6f7172",
    PartitionType.ROOT: "4f68bce3-e8cd-4db1-96e7-fbcaf984b709",
    PartitionType.HOME: "933ac7e1-2eb4-4f13-b844-0e14e2aef915",
    PartitionType.SRV: "3b8f8425-20e0-4f3b-907f-1a25a76f98e8",
    PartitionType.VAR: "4d21b016-b534-45c2-a9fb-5c16e091fd2d",
    PartitionType.TMP: "7ec6f557-3bc5-4aca-b293-16ef5df639d1",
    PartitionType.SWAP: "0657fd6d-a4ab-43c4-84e5-0933c84b4f4f",
    PartitionType.LVM: "e6d6d379-f507-44c2-a23c-238f2a3df928",
    PartitionType.RAID: "a19d880f-05fc-4d3b-a006-743f0f84911e",
    PartitionType.LUKS: "ca7d7ccb-63ed-4c53-861c-1742536059cc",
    PartitionType.LINUX: "0fc63daf-8483-4772-8e79-3d69d8477de4",
}
# A DOS table has one byte for it; whatever is not here is plain Linux (83).
_DOS_IDS = {
    PartitionType.ESP: "ef",
    PartitionType.SWAP: "82",
    PartitionType.LVM: "8e",
    PartitionType.RAID: "fd",
    PartitionType.LUKS: "e8",
}
_MOUNTS = {
    "/": PartitionType.ROOT,
    "/boot": PartitionType.BOOT,
    ESP_MOUNT: PartitionType.ESP,
    "/home": PartitionType.HOME,
    "/srv": PartitionType.SRV,
    "/var": PartitionType.VAR,
    "/var/tmp": PartitionType.TMP,  # noqa: S108  (the host's)
}


def partition_type(partition: Partition, parts: LayoutParts) -> PartitionType | str:
    """What it is for: as said (perhaps a GUID), else what lies on it."""
    if partition.type is not None:
        known = {str(each): each for each in PartitionType}
        return known.get(partition.type, partition.type.lower())
    name = partition.name
    if any(name in group.members for group in parts.volume_groups):
        return PartitionType.LVM
    if any(name in (*array.members, *array.spares) for array in parts.arrays):
        return PartitionType.RAID
    if any(name == each.volume for each in parts.encrypted):
        return PartitionType.LUKS
    made = next((each for each in parts.filesystems if each.volume == name), None)
    return PartitionType.LINUX if made is None else _type_for(made)


def is_overwritten(name: str, parts: LayoutParts) -> bool:
    """Whether a filesystem is made on that volume, or something else is made of it."""
    below = {each.volume for each in parts.encrypted}
    for array in parts.arrays:
        below |= {*array.members, *array.spares}
    for group in parts.volume_groups:
        below |= set(group.members)
    return name in below or any(each.volume == name and each.format for each in parts.filesystems)


def type_id(kind: PartitionType | str, table: TableKind) -> str:
    """The GUID, or for a DOS table the two hexadecimal digits, of a type."""
    if not isinstance(kind, PartitionType):
        return kind
    return _GUIDS[kind] if table is TableKind.GPT else _DOS_IDS.get(kind, "83")


def is_esp(type_guid: str) -> bool:
    """Whether that type (of either kind of table) is an ESP's."""
    return type_guid.removeprefix("0x") in {_GUIDS[PartitionType.ESP], "ef"}


def is_bios_boot(type_guid: str) -> bool:
    """Whether that type is a BIOS boot partition's."""
    return type_guid == _GUIDS[PartitionType.BIOS_BOOT]


def _type_for(made: Filesystem) -> PartitionType:
    if made.kind is FilesystemKind.SWAP:
        return PartitionType.SWAP
    mounts = [made.mount, *(each.mount for each in made.subvolumes)]
    return next((_MOUNTS[mount] for mount in mounts if mount in _MOUNTS), PartitionType.LINUX)
