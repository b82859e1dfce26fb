"""What is spread over several devices, whether or not something has assembled it.

An md array or a volume group is a layer that the probe finds. The others are known by the mark that
libblkid finds on each member (the third column of ``blkid``, lsblk's FSTYPE):
https://github.com/util-linux/util-linux/tree/master/libblkid/src/superblocks
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from installer.machine.facts import Content, Disk, Layer, LayerKind, Machine

# The UUID that libblkid gives for a member is that of the whole.
_KNOWN_BY_UUID = {
    "apfs": "APFS container",
    "bcachefs": "bcachefs",
    "btrfs": "btrfs",
    "ddf_raid_member": "array of the firmware (DDF)",
    "linux_raid_member": "array",
    "scoutfs_data": "scoutfs",
    "scoutfs_meta": "scoutfs",
    "vdo": "VDO volume",
    "VMFS_volume_member": "VMFS datastore",
    "zfs_member": "ZFS pool",
}
# A member has a UUID of its own, or none: which of them belong together cannot be told.
_KNOWN_BY_FORMAT = {
    "bcache": "bcache",
    "ceph_bluestore": "Ceph storage",
    "drbd": "DRBD device",
    "drbdmanage_control_volume": "DRBD device",
    "drbdproxy_datalog": "DRBD device",
    "isw_raid_member": "array of the firmware (Intel)",
    "LVM1_member": "volume group (LVM1)",
    "mpath_member": "disk with several paths (multipath)",
    "oracleasm": "Oracle ASM disk group",
    "stratis": "Stratis pool",
}
# The probe asks LVM itself, which alone can tell its groups apart.
_KNOWN_AS_LAYERS = frozenset({"LVM2_member"})
_FIRMWARE = "array of the firmware"
# What has no mark that libblkid knows, by the type of the partition that it is on.
# https://en.wikipedia.org/wiki/GUID_Partition_Table#Partition_type_GUIDs
_KNOWN_BY_TYPE = {
    "5808c8aa-7e8f-42e0-85d2-e1e90434cfb3": "Windows dynamic disks",
    "af9b60a0-1431-4f62-bc68-3311714a69ad": "Windows dynamic disks",
    "0x42": "Windows dynamic disks",
    "e75caf8f-f680-4cee-afa3-b001e56efc2d": "Windows storage pool",
    "52414944-0000-11aa-aa11-00306543ecac": "array of macOS",
    "52414944-5f4f-11aa-aa11-00306543ecac": "array of macOS",
    "4fbd7e29-9d25-41b8-afd0-062c0ceff05d": "Ceph storage",
    "45b0969e-9b03-4f30-b4c6-b4b80ceff106": "Ceph storage",
    "cafecafe-9b03-4f30-b4c6-b4b80ceff106": "Ceph storage",
    "30cd0809-c2b2-499c-8879-2d6b78529876": "Ceph storage",
    "5ce17fce-4087-4169-b7ff-0473cc58473a": "Ceph storage",
}


def stacked(machine: Machine) -> tuple[Layer, ...]:
    """Every layer of the machine: those that the probe has found, and what the members show."""
    layers = tuple(_on_its_container(each, machine.layers) for each in machine.layers)
    return (*layers, *_pools(machine.disks, layers))


def is_firmware_member(disk: Disk) -> bool:
    """Whether the disk belongs to an array of the firmware (or of a controller's driver)."""
    return _is_raid_member(disk.filesystem) and disk.filesystem != "linux_raid_member"


def pool_text(layer: Layer) -> str:
    """A pool for people: ``btrfs tank``."""
    return f"{layer.name} {layer.label}" if layer.label else layer.name


def _pools(disks: tuple[Disk, ...], layers: tuple[Layer, ...]) -> Iterator[Layer]:
    found: dict[tuple[str, str], list[Content]] = {}
    for member in _contents(disks, layers):
        if key := _identity(member):
            found.setdefault(key, []).append(member)
    for (name, uuid), members in found.items():
        paths = tuple(dict.fromkeys(each.path for each in members))
        # What has been assembled is known already, and alone nothing is shared.
        if len(paths) > 1 and not any(set(paths) <= set(each.parents) for each in layers):
            label = next((each.label for each in members if each.label), "")
            yield Layer(
                kind=LayerKind.POOL, name=name, label=label, uuid=uuid, active=False, parents=paths
            )


def _contents(disks: tuple[Disk, ...], layers: tuple[Layer, ...]) -> Iterator[Content]:
    """What is on every device: disks, partitions, and what layers make of them."""
    for disk in disks:
        yield Content(path=disk.path, filesystem=disk.filesystem, label=disk.label, uuid=disk.uuid)
        for each in disk.partitions:
            known = _KNOWN_BY_TYPE.get(each.type_guid, "") if not each.filesystem else ""
            if known:
                yield Content(path=each.path, filesystem=known)
                continue
            yield Content(
                path=each.path, filesystem=each.filesystem, label=each.label, uuid=each.uuid
            )
    for layer in layers:
        yield from layer.contents


def _identity(member: Content) -> tuple[str, str] | None:
    """What it is a member of, for people, and which one; "" when that cannot be told."""
    mark = member.filesystem
    if mark in _KNOWN_BY_UUID:
        return _KNOWN_BY_UUID[mark], member.uuid
    if mark in _KNOWN_BY_FORMAT:
        return _KNOWN_BY_FORMAT[mark], ""
    if mark in _KNOWN_BY_TYPE.values():
        return mark, ""
    if mark in _KNOWN_AS_LAYERS or not mark.endswith("_member"):
        return None
    if _is_raid_member(mark):
        return f"{_FIRMWARE} ({mark.removesuffix('_raid_member').replace('_', ' ')})", ""
    return mark, ""


def _is_raid_member(mark: str) -> bool:
    return mark.endswith("_raid_member")


def _on_its_container(layer: Layer, layers: tuple[Layer, ...]) -> Layer:
    """The layer, on the container that it is in where it says that it is on its disks.

    No device is a member of two arrays: one of them is the container of the others. It has nothing
    on it, and is made first, for which mdadm takes the highest number.
    """
    if layer.kind is not LayerKind.MD or not layer.active:
        return layer
    beside = [
        each
        for each in layers
        if each.kind is LayerKind.MD and each.active and set(each.parents) & set(layer.parents)
    ]
    held = {path for each in layers for path in each.parents}
    bare = [
        each
        for each in beside
        if len(each.devices) == 1 and not each.contents and not held & set(each.devices)
    ]
    if len(beside) < 2 or not bare:
        return layer
    container = max(bare, key=lambda each: (len(each.name), each.name))
    return layer if container is layer else replace(layer, parents=container.devices)
