"""The whole of storage, from parts and disks to a plan or everything that is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping

from installer.config.storage import LayoutParts
from installer.machine.facts import Disk
from installer.plan.storage.filesystems import resolve_filesystems
from installer.plan.storage.model import PlannedDisk, StoragePlan
from installer.plan.storage.tables import planned_disk
from installer.plan.storage.volumes import resolve_volumes
from ks_schema.problem import Problem


def used_disks(parts: LayoutParts, names: tuple[str, ...]) -> tuple[str, ...]:
    """The names of the disks that the parts use, in the order in which they first do."""
    volumes = [each.disk for each in parts.partitions]
    volumes += [each.disk for each in parts.tables]
    for array in parts.arrays:
        volumes += [*array.members, *array.spares]
    volumes += [each.volume for each in parts.encrypted]
    volumes += [member for group in parts.volume_groups for member in group.members]
    volumes += [each.volume for each in parts.filesystems]
    return tuple(name for name in dict.fromkeys(volumes) if name in names)


def resolve_storage(
    parts: LayoutParts, disks: Mapping[str, Disk], memory: int, seed: str
) -> StoragePlan | tuple[Problem, ...]:
    """What will lie on ``disks`` (by name), or the reasons why it cannot. ``memory`` is bytes."""
    planned: dict[str, PlannedDisk] = {}
    problems: list[Problem] = []
    for name, disk in disks.items():
        made = planned_disk(name, disk, parts, seed)
        if isinstance(made, tuple):
            problems += made
        else:
            planned[name] = made
    if problems:
        return tuple(problems)
    volumes = resolve_volumes(parts, planned, memory, seed)
    filesystems, refused = resolve_filesystems(parts, planned, volumes, seed)
    problems += [*volumes.problems, *refused]
    if problems:
        return tuple(problems)
    return StoragePlan(
        disks=tuple(planned.values()),
        arrays=tuple(volumes.arrays),
        encrypted=tuple(volumes.encrypted),
        groups=tuple(volumes.groups),
        filesystems=filesystems,
    )
