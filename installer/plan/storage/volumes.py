"""Arrays, encrypted volumes and volume groups: what each lies on and about what it holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from installer.config.storage import (
    Array,
    Encrypted,
    LayoutParts,
    LogicalVolume,
    VolumeGroup,
    VolumeKind,
)
from installer.identifiers import derived_uuid
from installer.plan.storage.model import (
    PlannedArray,
    PlannedDisk,
    PlannedEncryption,
    PlannedGroup,
    PlannedVolume,
)
from installer.plan.storage.share import share
from installer.raid import raid_level
from installer.sizes import GIB, MIB, format_size
from ks_schema.problem import Problem

EXTENT = 4 * MIB
# What mdadm sets aside at most in front of the data of a member, and LUKS2 for its header.
_ARRAY_OVERHEAD = 130 * MIB
_LUKS_OVERHEAD = 16 * MIB
_PHYSICAL_VOLUME_OVERHEAD = MIB
# LVM gives a thin pool a thousandth of its size for metadata, and not more than this.
_MOST_METADATA = 128 * MIB
_LEAST_ARGON2_MEMORY = 64 * MIB
_MOST_ARGON2_MEMORY = GIB


@dataclass(slots=True, kw_only=True)
class Volumes:
    """What has been resolved so far: the reference and the size in bytes of each volume."""

    references: dict[str, str] = field(default_factory=dict)
    sizes: dict[str, int] = field(default_factory=dict)
    arrays: list[PlannedArray] = field(default_factory=list)
    encrypted: list[PlannedEncryption] = field(default_factory=list)
    groups: list[PlannedGroup] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def add(self, name: str, reference: str, size: int) -> None:
        """Remember a volume by its name in the kickstart."""
        self.references[name] = reference
        self.sizes[name] = size


def resolve_volumes(
    parts: LayoutParts, disks: Mapping[str, PlannedDisk], memory: int, seed: str
) -> Volumes:
    """Every volume, from the disks up. ``memory`` (bytes) bounds what opening a LUKS2 one costs."""
    found = _volumes_of_disks(disks)
    waiting: list[Array | Encrypted | VolumeGroup]
    waiting = [*parts.arrays, *parts.encrypted, *parts.volume_groups]
    while waiting:
        ready = [each for each in waiting if set(_below(each)) <= found.references.keys()]
        if not ready:
            break  # it lies on a volume that could not be made, of which is told already
        for each in ready:
            match each:
                case Array():
                    _add_array(found, each, seed)
                case Encrypted():
                    _add_encrypted(found, each, memory, seed)
                case VolumeGroup():
                    _add_group(found, each)
        waiting = [each for each in waiting if each not in ready]
    return found


def _volumes_of_disks(disks: Mapping[str, PlannedDisk]) -> Volumes:
    """The disks themselves, and the partitions on them that are used."""
    found = Volumes()
    for disk in disks.values():
        found.add(disk.name, disk.reference, disk.disk.size)
        sizes = {each.reference: each.size for each in disk.partitions}
        for kept in disk.kept:
            size = kept.partition.size if kept.new_size is None else kept.new_size
            sizes |= {kept.reference: size} if kept.reference else {}
        for reference, size in sizes.items():
            found.add(reference.removeprefix("partition/"), reference, size)
    return found


def _below(part: Array | Encrypted | VolumeGroup) -> tuple[str, ...]:
    match part:
        case Array():
            return (*part.members, *part.spares)
        case Encrypted():
            return (part.volume,)
        case VolumeGroup():
            return part.members


def array_size(level: int, member: int, count: int) -> int:
    """About what an array of that many members of that size holds, in bytes."""
    each = max(0, member - _ARRAY_OVERHEAD)
    return int(each * raid_level(level).data_members(count))


def _add_array(found: Volumes, array: Array, seed: str) -> None:
    sizes = [found.sizes[name] for name in array.members]
    planned = PlannedArray(
        name=array.name,
        reference=f"array/{array.name}",
        level=array.level,
        uuid=derived_uuid(seed, f"array {array.name}"),
        members=tuple(found.references[name] for name in array.members),
        spares=tuple(found.references[name] for name in array.spares),
        size=array_size(array.level, min(sizes), len(sizes)),
    )
    if planned.size == 0:
        message = f"the members are too small: an array sets {format_size(_ARRAY_OVERHEAD)} aside"
        pointer = f"/storage/arrays/{array.name}"
        found.problems.append(Problem(pointer=pointer, message=message, hint="make them larger"))
    found.arrays.append(planned)
    found.add(array.name, planned.reference, planned.size)


def _add_encrypted(found: Volumes, asked: Encrypted, memory: int, seed: str) -> None:
    encryption = asked.encryption
    key = encryption.passphrase or encryption.drawn
    if key is None:
        # Only a configuration that was not made ready: its recovery key has not been drawn.
        raise ValueError(f"nothing opens the encrypted volume {asked.name}")
    planned = PlannedEncryption(
        name=asked.name,
        reference=f"encrypted/{asked.name}",
        volume=found.references[asked.volume],
        mapping=asked.name,
        uuid=derived_uuid(seed, f"encrypted {asked.name}"),
        key=key,
        recovery_key=encryption.drawn,
        tpm2_pcrs=encryption.tpm2.pcrs if encryption.tpm2 else None,
        memory=min(max(memory // 4, _LEAST_ARGON2_MEMORY), _MOST_ARGON2_MEMORY) // MIB * MIB,
        size=max(0, found.sizes[asked.volume] - _LUKS_OVERHEAD),
    )
    found.encrypted.append(planned)
    found.add(asked.name, planned.reference, planned.size)


def _add_group(found: Volumes, group: VolumeGroup) -> None:
    room = sum(
        max(0, found.sizes[name] - _PHYSICAL_VOLUME_OVERHEAD) // EXTENT * EXTENT
        for name in group.members
    )
    # A thin volume takes nothing from the group.
    taking = [each for each in group.volumes if each.kind is not VolumeKind.THIN]
    pools = sum(each.kind is VolumeKind.THIN_POOL for each in taking)
    # There is one more metadata volume than there are pools: LVM keeps a spare for repairs.
    room -= _metadata_size(room) * (pools + 1) if pools else 0
    sizes = share(max(0, room), [each.size for each in taking], EXTENT)
    pointer = f"/storage/volume_groups/{group.name}"
    if isinstance(sizes, int):
        message = f"the volume group {group.name} has only {format_size(max(0, room))}"
        hint = f"{format_size(sizes)} more would be needed: ask for less, or add a member"
        found.problems.append(Problem(pointer=pointer, message=message, hint=hint))
        return
    given = dict(zip((each.name for each in taking), sizes, strict=True))
    # The one whose size is open takes what is left to the last extent, which LVM knows better.
    full = bool(sizes) and room // EXTENT * EXTENT == sum(sizes)
    last = next((each.name for each in reversed(taking) if _is_open(each)), None) if full else None
    volumes = tuple(
        PlannedVolume(
            name=each.name,
            reference=f"volume/{group.name}/{each.name}",
            kind=each.kind,
            size=given[each.name] if each.name in given else _extents(each.size.fixed or 0),
            pool=each.pool,
            take_rest=each.name == last,
        )
        # A pool comes before what lies in it, and who takes the rest after all that take a part.
        for each in sorted(
            group.volumes, key=lambda each: (each.kind is VolumeKind.THIN, each.name == last)
        )
    )
    members = tuple(found.references[name] for name in group.members)
    found.groups.append(PlannedGroup(name=group.name, members=members, volumes=volumes))
    for volume in volumes:
        found.add(f"{group.name}/{volume.name}", volume.reference, volume.size)


def _extents(size: int) -> int:
    """That size in whole extents, which LVM asks for."""
    return max(-(-size // EXTENT), 1) * EXTENT


def _metadata_size(pool: int) -> int:
    return min(pool // 1000 // EXTENT * EXTENT + EXTENT, _MOST_METADATA)


def _is_open(volume: LogicalVolume) -> bool:
    size = volume.size
    return size.fixed is None and size.percent is None and size.maximum is None
