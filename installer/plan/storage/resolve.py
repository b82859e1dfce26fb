"""The whole of storage, from nouns and disks to a plan or everything that is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping

from installer.config.storage import Nouns
from installer.machine import Disk
from installer.plan.storage.filesystems import resolve_filesystems
from installer.plan.storage.model import PlannedDisk, StoragePlan
from installer.plan.storage.tables import planned_disk
from installer.plan.storage.volumes import resolve_volumes
from ks_schema.problem import Problem


def used_disks(nouns: Nouns, names: tuple[str, ...]) -> tuple[str, ...]:
    """The names of the disks that the nouns use, in the order in which they first do."""
    volumes = [each.disk for each in nouns.partitions]
    volumes += [each.disk for each in nouns.tables]
    for array in nouns.arrays:
        volumes += [*array.members, *array.spares]
    volumes += [each.volume for each in nouns.encrypted]
    volumes += [member for group in nouns.volume_groups for member in group.members]
    volumes += [each.volume for each in nouns.filesystems]
    return tuple(name for name in dict.fromkeys(volumes) if name in names)


def resolve_storage(
    nouns: Nouns, disks: Mapping[str, Disk], memory: int, seed: str
) -> StoragePlan | tuple[Problem, ...]:
    """What will lie on ``disks`` (by name), or the reasons why it cannot. ``memory`` is bytes."""
    planned: dict[str, PlannedDisk] = {}
    problems: list[Problem] = []
    for name, disk in disks.items():
        made = planned_disk(name, disk, nouns, seed)
        if isinstance(made, tuple):
            problems += made
        else:
            planned[name] = made
    if problems:
        return tuple(problems)
    volumes = resolve_volumes(nouns, planned, memory, seed)
    filesystems, refused = resolve_filesystems(nouns, planned, volumes, seed)
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
