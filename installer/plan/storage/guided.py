"""The guided layouts, said in parts: what a person would write who knew all of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from installer.config.boot import BootMode
from installer.config.storage import (
    Array,
    Containers,
    Encrypted,
    Filesystem,
    FilesystemKind,
    LayoutKind,
    LayoutParts,
    LogicalVolume,
    Partition,
    PartitionType,
    RootFilesystem,
    Size,
    Storage,
    Subvolume,
    Table,
    VolumeGroup,
)
from installer.filesystems import filesystem_type
from installer.machine.facts import Disk
from installer.machine.facts import Partition as PresentPartition
from installer.raid import MIRROR
from installer.sizes import GIB, MIB

BIOS_BOOT_SIZE = MIB
ESP_SIZE = 512 * MIB
BOOT_SIZE = 768 * MIB
# A/B root filesystems hold the system alone; what grows is on the filesystem that they share.
SLOT_SIZE = Size(percent=25, minimum=3 * GIB, maximum=32 * GIB)
SLOT_VOLUMES = ("root-a", "root-b")
DATA_SIZE = Size(minimum=GIB)
DATA_MOUNT = "/data"
GROUP = "photon"
CONTAINERS = "containers"
CONTAINERS_MOUNT = "/var/lib/container-storage"
# Where Docker and containerd look, by the folders (or subvolumes) of the volume.
CONTAINER_FOLDERS = (("containerd", "/var/lib/containerd"), ("docker", "/var/lib/docker"))
_SYSTEM = "system"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """What needs a volume: its name, its size, and what is made on it (None: a volume group)."""

    name: str
    size: Size
    filesystem: Filesystem | None = None


def guided_as_custom(
    storage: Storage, mode: BootMode, swap_size: int, disks: Mapping[str, Disk]
) -> LayoutParts:
    """The parts of a guided layout. ``swap_size`` (bytes) is a swap partition's, 0 for none.

    ``disks`` are the machine's, by their names; a containers' volume that is on one of them is
    kept if it is to be preserved.
    """
    kept = kept_containers(storage, disks)
    parts = tuple(_parts(storage, swap_size, with_containers=kept is None))
    grouped = storage.lvm or (storage.encryption is not None and len(parts) > 1)
    on_disk = (_Part(name=_SYSTEM, size=Size()),) if grouped else parts
    boot = bool(grouped or storage.encryption or storage.mirror)
    names = [*(["boot"] if boot else []), *(each.name for each in on_disk)]
    encrypted = _encrypted(storage, [each.name for each in on_disk])
    holder = {each.volume: each.name for each in encrypted}
    group = VolumeGroup(
        name=GROUP,
        members=(holder.get(_SYSTEM, _SYSTEM),),
        volumes=tuple(LogicalVolume(name=each.name, size=each.size) for each in parts),
    )
    filesystems = [
        replace(
            each.filesystem,
            volume=f"{GROUP}/{each.name}" if grouped else holder.get(each.name, each.name),
        )
        for each in parts
        if each.filesystem
    ]
    if boot:
        filesystems.insert(0, _filesystem("boot", FilesystemKind.EXT4, mount="/boot"))
    made = LayoutParts(
        tables=_tables(storage, disks, kept),
        partitions=tuple(_partitions(storage, mode, on_disk, boot=boot)),
        arrays=tuple(_array(name, storage) for name in names) if storage.mirror else (),
        encrypted=encrypted,
        volume_groups=(group,) if grouped else (),
        filesystems=tuple(filesystems),
    )
    return _with_own_disk(_with_kept(made, storage, kept), storage, kept)


def kept_containers(storage: Storage, disks: Mapping[str, Disk]) -> PresentPartition | None:
    """The containers' volume of an earlier installation, when it is there and to be kept."""
    asked = storage.containers
    if asked is None or not asked.preserve:
        return None
    disk = disks.get(asked.disk or storage.disk)
    there = disk.partitions if disk else ()
    return next((each for each in there if each.name == f"photon-{CONTAINERS}"), None)


def _parts(storage: Storage, swap_size: int, *, with_containers: bool) -> Iterator[_Part]:
    if swap_size:
        yield _Part(
            name="swap",
            size=Size(fixed=swap_size),
            filesystem=_filesystem("swap", FilesystemKind.SWAP),
        )
    kind = FilesystemKind(storage.filesystem or RootFilesystem.BTRFS)
    if storage.ab:
        yield from _ab_parts(kind)
        return
    yield _Part(name="root", size=Size(), filesystem=_filesystem("root", kind, mount="/"))
    asked = storage.containers
    if asked is not None and asked.disk is None and with_containers:
        yield _Part(
            name=CONTAINERS, size=asked.wanted_size, filesystem=_containers_filesystem(asked)
        )


def _ab_parts(kind: FilesystemKind) -> Iterator[_Part]:
    """Two roots, of which the first is the one that is installed, and what both of them share."""
    for name, mount in zip(SLOT_VOLUMES, ("/", None), strict=True):
        yield _Part(name=name, size=SLOT_SIZE, filesystem=_filesystem(name, kind, mount=mount))
    shared = _filesystem("data", FilesystemKind.EXT4, mount=DATA_MOUNT)
    binds = (*CONTAINER_FOLDERS, ("home", "/home"))
    yield _Part(name=shared.volume, size=DATA_SIZE, filesystem=replace(shared, binds=binds))


def _partitions(
    storage: Storage, mode: BootMode, on_disk: tuple[_Part, ...], *, boot: bool
) -> Iterator[Partition]:
    """The partitions of each disk of the mirror, or of the one disk."""
    for number, disk in enumerate((storage.disk, *storage.mirror), start=1):

        def name(of: str, number: int = number) -> str:
            return f"{of}-{number}" if storage.mirror else of

        if mode is not BootMode.EFI:
            size, kind = Size(fixed=BIOS_BOOT_SIZE), str(PartitionType.BIOS_BOOT)
            yield Partition(name=name("bios-boot"), disk=disk, size=size, type=kind)
        if mode is not BootMode.BIOS:
            size, kind = Size(fixed=ESP_SIZE), str(PartitionType.ESP)
            yield Partition(name=name("esp"), disk=disk, size=size, type=kind)
        if boot:
            yield Partition(name=name("boot"), disk=disk, size=Size(fixed=BOOT_SIZE))
        for part in on_disk:
            yield Partition(name=name(part.name), disk=disk, size=part.size)


def _array(name: str, storage: Storage) -> Array:
    members = tuple(f"{name}-{number}" for number in range(1, len(storage.mirror) + 2))
    return Array(name=name, level=MIRROR, members=members)


def _encrypted(storage: Storage, names: list[str]) -> tuple[Encrypted, ...]:
    if storage.encryption is None:
        return ()
    return tuple(
        Encrypted(name=f"luks-{name}", volume=name, encryption=storage.encryption) for name in names
    )


def _tables(
    storage: Storage, disks: Mapping[str, Disk], kept: PresentPartition | None
) -> tuple[Table, ...]:
    if storage.layout is LayoutKind.FREE_SPACE:
        return (Table(disk=storage.disk, keep=True),)
    if kept is None or storage.containers is None or storage.containers.disk is not None:
        return ()
    others = (each.number for each in disks[storage.disk].partitions if each != kept)
    return (Table(disk=storage.disk, keep=True, delete=tuple(others)),)


def _with_kept(parts: LayoutParts, storage: Storage, kept: PresentPartition | None) -> LayoutParts:
    """The parts with the containers' volume that stays as it is."""
    asked = storage.containers
    if kept is None or asked is None:
        return parts
    disk = asked.disk or storage.disk
    partition = Partition(name=CONTAINERS, disk=disk, existing=kept.number)
    kind = RootFilesystem(kept.filesystem) if kept.filesystem in set(RootFilesystem) else None
    made = _containers_filesystem(replace(asked, filesystem=kind or asked.filesystem))
    tables = parts.tables if asked.disk is None else (*parts.tables, Table(disk=disk, keep=True))
    return replace(
        parts,
        tables=tables,
        partitions=(*parts.partitions, partition),
        filesystems=(*parts.filesystems, replace(made, format=False)),
    )


def _with_own_disk(
    parts: LayoutParts, storage: Storage, kept: PresentPartition | None
) -> LayoutParts:
    """The parts with a new containers' volume on a disk that it has for itself."""
    asked = storage.containers
    if asked is None or asked.disk is None or kept is not None:
        return parts
    partition = Partition(name=CONTAINERS, disk=asked.disk, size=asked.size)
    encrypted = _encrypted(storage, [CONTAINERS])
    made = _containers_filesystem(asked)
    if encrypted:
        made = replace(made, volume=encrypted[0].name)
    return replace(
        parts,
        partitions=(*parts.partitions, partition),
        encrypted=(*parts.encrypted, *encrypted),
        filesystems=(*parts.filesystems, made),
    )


def _containers_filesystem(asked: Containers) -> Filesystem:
    kind = FilesystemKind(asked.filesystem)
    known = filesystem_type(kind)
    if known.has_subvolumes:
        subvolumes = tuple(Subvolume(name=name, mount=path) for name, path in CONTAINER_FOLDERS)
        return _filesystem(CONTAINERS, kind, subvolumes=subvolumes)
    return replace(
        _filesystem(CONTAINERS, kind, mount=CONTAINERS_MOUNT),
        options=known.container_options or ("defaults",),
        binds=CONTAINER_FOLDERS,
    )


def _filesystem(
    volume: str,
    kind: FilesystemKind,
    *,
    mount: str | None = None,
    subvolumes: tuple[Subvolume, ...] = (),
) -> Filesystem:
    return Filesystem(volume=volume, kind=kind, mount=mount, subvolumes=subvolumes)
