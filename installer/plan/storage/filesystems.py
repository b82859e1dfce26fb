"""Filesystems: their labels, identifiers, sizes, and how they are mounted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from installer.config.storage import ESP_MOUNT, Filesystem, FilesystemKind, LayoutParts, Subvolume
from installer.filesystems import ESP_FILESYSTEM, MADE, filesystem_type
from installer.identifiers import derived_uuid, derived_volume_id
from installer.plan.storage.model import KeptPartition, PlannedDisk, PlannedFilesystem, PlannedMount
from installer.plan.storage.types import is_esp, is_overwritten
from installer.plan.storage.volumes import Volumes
from installer.sizes import format_size
from ks_schema.problem import Problem
from ks_schema.syntax import child

# What the CIS benchmark for Debian wants of separate filesystems at these places, as far as
# containers work with it: https://www.cisecurity.org/benchmark/debian_linux
_PLACES = {
    "/home": ("nodev", "nosuid"),
    "/srv": ("nodev",),
    "/tmp": ("nodev", "nosuid", "noexec"),  # noqa: S108  (the host's)
    "/var": ("nodev", "nosuid"),
    "/var/log": ("nodev", "nosuid", "noexec"),
    "/var/log/audit": ("nodev", "nosuid", "noexec"),
    "/var/tmp": ("nodev", "nosuid", "noexec"),  # noqa: S108
    # Only root may look: what lies there decides what the machine starts. A host whose ESP is
    # gone still starts by another disk's.
    ESP_MOUNT: ("umask=0077", "nofail"),
}
_CONTAINER_PLACES = ("/var/lib/docker", "/var/lib/containerd", "/var/lib/containers")


def resolve_filesystems(
    parts: LayoutParts, disks: Mapping[str, PlannedDisk], volumes: Volumes, seed: str
) -> tuple[tuple[PlannedFilesystem, ...], tuple[Problem, ...]]:
    """The filesystems in the order in which they are made, and what keeps some from being made."""
    unsaid = _unsaid_esps(parts, disks)
    kept = {each.reference: each for disk in disks.values() for each in disk.kept}
    made: list[PlannedFilesystem] = []
    problems: list[Problem] = []
    for each in (*parts.filesystems, *unsaid):
        reference = volumes.references.get(each.volume)
        if reference is None:
            continue  # it could not be made, of which is told already
        kind = _kind(each, kept.get(reference))
        if kind is None:
            pointer = child("/storage/filesystems", each.volume)
            message = f"no filesystem on {each.volume} that could be kept"
            problems.append(Problem(pointer=pointer, message=message, hint="let it be formatted"))
            continue
        planned = _planned(each, reference, kind, volumes.sizes[each.volume], kept, seed)
        problems += _size_problems(each, planned, disks)
        if each in unsaid:
            # Twins, on purpose: whichever of them is there is mounted, and it has what the
            # others have.
            planned = replace(planned, uuid=derived_volume_id(seed, "filesystem of the ESPs"))
        made.append(planned)
    return tuple(made), tuple(problems)


def _unsaid_esps(parts: LayoutParts, disks: Mapping[str, PlannedDisk]) -> tuple[Filesystem, ...]:
    """What lies on the new ESPs of which only the type is said: one of them is mounted."""
    mounted = any(each.mount == ESP_MOUNT for each in parts.filesystems)
    names = [
        made.reference.removeprefix("partition/")
        for disk in disks.values()
        for made in disk.partitions
        if is_esp(made.type_guid)
    ]
    unsaid = [name for name in names if not is_overwritten(name, parts)]
    return tuple(
        Filesystem(
            volume=name,
            kind=FilesystemKind(ESP_FILESYSTEM),
            mount=ESP_MOUNT if number == 0 and not mounted else None,
        )
        for number, name in enumerate(unsaid)
    )


def _kind(asked: Filesystem, kept: KeptPartition | None) -> str | None:
    """The kind said, or the one that is on the kept volume."""
    if asked.kind is not None and asked.format:
        return str(asked.kind)
    there = kept.partition.filesystem if kept else ""
    known = {each.name for each in MADE}
    wanted = {str(asked.kind)} if asked.kind else known
    return there if there in wanted else None


def _planned(
    asked: Filesystem,
    reference: str,
    kind: str,
    size: int,
    kept: Mapping[str, KeptPartition],
    seed: str,
) -> PlannedFilesystem:
    name = f"filesystem {asked.volume}"
    is_fat = filesystem_type(kind).is_fat
    uuid = derived_volume_id(seed, name) if is_fat else derived_uuid(seed, name)
    if not asked.format and reference in kept:
        uuid = kept[reference].partition.uuid
    mounts = [_mount(asked, asked.mount, kind)] if asked.mount else []
    mounts += [_mount(asked, each.mount, kind, each) for each in asked.subvolumes if each.mount]
    return PlannedFilesystem(
        volume=reference,
        kind=kind,
        uuid=uuid,
        label=asked.label or _label(asked.volume, kind),
        format=asked.format,
        size=size,
        make_options=asked.make_options,
        subvolumes=tuple(each.name for each in asked.subvolumes) if asked.format else (),
        mounts=tuple(mounts),
        binds=asked.binds,
    )


def _label(volume: str, kind: str) -> str:
    """The volume's name, after ``photon-`` where there is room for that."""
    name = volume.rpartition("/")[2]
    known = filesystem_type(kind)
    whole = f"photon-{name}"
    label = whole if len(whole) <= known.label_length else name[: known.label_length]
    return label.upper() if known.is_fat else label


def _mount(
    asked: Filesystem, path: str, kind: str, subvolume: Subvolume | None = None
) -> PlannedMount:
    said = (subvolume.options if subvolume and subvolume.options else None) or asked.options
    return PlannedMount(
        path=path,
        options=_usual_options(path, kind) if said is None else said,
        subvolume=subvolume.name if subvolume else "",
    )


def _usual_options(path: str, kind: str) -> tuple[str, ...]:
    """What suits the filesystem and the place."""
    known = filesystem_type(kind)
    return (
        *known.mount_options,
        *(known.root_options if path == "/" else ()),
        *(known.container_options if path in _CONTAINER_PLACES else ()),
        *_PLACES.get(path, ()),
    )


def _size_problems(
    asked: Filesystem, planned: PlannedFilesystem, disks: Mapping[str, PlannedDisk]
) -> list[Problem]:
    largest = max((disk.disk.logical_sector for disk in disks.values()), default=0)
    least = filesystem_type(planned.kind).least_size_on(largest)
    if not planned.format or planned.size >= least:
        return []
    message = f"{asked.volume} has {format_size(planned.size)}, too little for {planned.kind}"
    hint = f"give it at least {format_size(least)}"
    return [
        Problem(pointer=child("/storage/filesystems", asked.volume), message=message, hint=hint)
    ]
