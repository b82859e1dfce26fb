"""What will lie on the disks: every part with its place, its size and its identifiers.

A reference (``disk/default``, ``partition/esp``, ``array/root``, ``encrypted/root``,
``volume/photon/root``) is how actions speak of a device that is not there yet.
"""

from __future__ import annotations

from dataclasses import dataclass

from installer.config.storage import TableKind, VolumeKind
from installer.machine.facts import Disk, Partition
from installer.machine.partition_table import PlannedPartition
from installer.secret import Secret
from ks_schema import Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptPartition:
    """A partition that is there and stays; ``new_size`` (bytes) when it is shrunk or grown.

    ``reference`` is "" for one that the host has no use for. What is on it is kept as well, unless
    it is ``overwritten``.
    """

    partition: Partition
    reference: str = ""
    new_size: int | None = None
    overwritten: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedDisk:
    """A disk that is used. ``table`` is None when something lies on the disk without a table.

    ``keep`` says that the table there is changed, not made anew.
    """

    name: str
    disk: Disk
    table: TableKind | None
    guid: str
    keep: bool = False
    partitions: tuple[PlannedPartition, ...] = ()
    kept: tuple[KeptPartition, ...] = ()
    deleted: tuple[Partition, ...] = ()

    @property
    def reference(self) -> str:
        """How actions speak of it."""
        return f"disk/{self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedArray:
    """An md array; ``size`` is about what it holds, in bytes."""

    name: str
    reference: str
    level: int
    uuid: str
    members: tuple[str, ...]
    spares: tuple[str, ...]
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedEncryption:
    """A LUKS2 volume on ``volume``. ``mapping`` is its name below ``/dev/mapper``.

    ``key`` opens it first: the passphrase, or the recovery key where there is none.
    """

    name: str
    reference: str
    volume: str
    mapping: str
    uuid: str
    key: Secret
    recovery_key: Secret | None
    tpm2_pcrs: tuple[int, ...] | None
    memory: int
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedVolume:
    """A logical volume. ``take_rest`` lets LVM give it every extent that is left."""

    name: str
    reference: str
    kind: VolumeKind
    size: int
    pool: str | None
    take_rest: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedGroup:
    """A volume group and its volumes, in the order of their making."""

    name: str
    members: tuple[str, ...]
    volumes: tuple[PlannedVolume, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedMount:
    """Where a filesystem, or one of its subvolumes, is mounted, and how."""

    path: str
    options: tuple[str, ...]
    subvolume: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedFilesystem:
    """A filesystem on ``volume`` (a reference), of ``size`` bytes.

    ``binds`` are pairs of a folder in it and the place where that is mounted as well.
    """

    volume: str
    kind: str
    uuid: str
    label: str
    format: bool
    size: int
    make_options: tuple[str, ...] = ()
    subvolumes: tuple[str, ...] = ()
    mounts: tuple[PlannedMount, ...] = ()
    binds: tuple[tuple[str, str], ...] = ()

    @property
    def mount_points(self) -> tuple[str, ...]:
        """Every place where something of it is mounted: its subvolumes and binds as well."""
        return (*(each.path for each in self.mounts), *(place for _, place in self.binds))

    def mount_at(self, path: str) -> PlannedMount | None:
        """Its mount at that place, if there is one."""
        return next((each for each in self.mounts if each.path == path), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class EspPlace:
    """An ESP to fill: the disk and the partition that it is, and its filesystem."""

    disk: PlannedDisk
    partition: PlannedPartition
    filesystem: PlannedFilesystem


@dataclass(frozen=True, slots=True, kw_only=True)
class StoragePlan:
    """Everything on the disks of the host to be."""

    disks: tuple[PlannedDisk, ...]
    arrays: tuple[PlannedArray, ...] = ()
    encrypted: tuple[PlannedEncryption, ...] = ()
    groups: tuple[PlannedGroup, ...] = ()
    filesystems: tuple[PlannedFilesystem, ...] = ()

    def filesystem_at(self, path: str) -> PlannedFilesystem | None:
        """The filesystem that is mounted at that place."""
        return next((each for each in self.filesystems if each.mount_at(path)), None)

    @property
    def root(self) -> PlannedFilesystem:
        """The filesystem of ``/``."""
        found = self.filesystem_at("/")
        if found is None:
            raise ValueError("nothing is mounted at /")  # the rules of the kickstart see to it
        return found

    @property
    def boot(self) -> PlannedFilesystem:
        """The filesystem of ``/boot``, where the kernel is."""
        return self.filesystem_at("/boot") or self.root


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """What will lie on the disks (None when that cannot be told), and what is wrong with it."""

    plan: StoragePlan | None
    problems: tuple[Problem, ...] = ()
