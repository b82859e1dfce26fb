"""What was asked of the disks: a guided layout, or parts that one names oneself.

A *volume* is whatever can hold a filesystem: a disk, a partition, an array, an encrypted volume
(each by its name), or a logical volume (``GROUP/NAME``).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from installer.secret import Secret

ESP_MOUNT = "/boot/efi"


class LayoutKind(StrEnum):
    """How the disk is divided."""

    WHOLE_DISK = "whole_disk"
    FREE_SPACE = "free_space"
    CUSTOM = "custom"


class FilesystemKind(StrEnum):
    """What a volume is formatted with."""

    EXT4 = "ext4"
    XFS = "xfs"
    BTRFS = "btrfs"
    VFAT = "vfat"
    SWAP = "swap"


class RootFilesystem(StrEnum):
    """The filesystem of ``/`` in a guided layout."""

    EXT4 = "ext4"
    XFS = "xfs"
    BTRFS = "btrfs"


class SwapKind(StrEnum):
    """Where the swap space lives."""

    NONE = "none"
    PARTITION = "partition"
    FILE = "file"
    ZRAM = "zram"


class TableKind(StrEnum):
    """The kind of a partition table."""

    GPT = "gpt"
    DOS = "dos"


class PartitionType(StrEnum):
    """What a partition is for; where none is said it follows from what lies on it."""

    ESP = "esp"
    BIOS_BOOT = "bios_boot"
    BOOT = "boot"
    ROOT = "root"
    HOME = "home"
    SRV = "srv"
    VAR = "var"
    TMP = "tmp"
    SWAP = "swap"
    LVM = "lvm"
    RAID = "raid"
    LUKS = "luks"
    LINUX = "linux"


class VolumeKind(StrEnum):
    """The kinds of logical volumes."""

    LINEAR = "linear"
    THIN_POOL = "thin_pool"
    THIN = "thin"


class Preserved(StrEnum):
    """What a new host can take over from the one that it replaces."""

    SSH_HOST_KEYS = "ssh_host_keys"
    MACHINE_ID = "machine_id"


@dataclass(frozen=True, slots=True, kw_only=True)
class Swap:
    """Swap space; ``size`` in bytes, None for the planner's choice."""

    kind: SwapKind
    size: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How large: ``fixed`` bytes, ``percent`` of what holds it, or (neither) a share of the rest.

    ``minimum`` and ``maximum`` are bytes, and bound the other two.
    """

    fixed: int | None = None
    percent: float | None = None
    minimum: int = 0
    maximum: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Encryption:
    """How an encrypted volume is opened: by any of the ways that are given.

    ``tpm2_pcrs`` are the PCRs that the TPM's key is bound to (None: no TPM). ``recovery_key`` is
    drawn when the configuration is made.
    """

    passphrase: Secret | None = None
    tpm2_pcrs: tuple[int, ...] | None = None
    with_recovery_key: bool = False
    recovery_key: Secret | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Containers:
    """A volume of their own for the containers: ``/var/lib/docker`` and ``/var/lib/containerd``.

    On ``disk`` alone, or beside the root when that is None. ``preserve`` keeps the one that is
    there.
    """

    disk: str | None = None
    size: Size = Size(percent=50)
    filesystem: RootFilesystem = RootFilesystem.XFS
    preserve: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """The partition table of a disk: made anew, or kept with all partitions but ``delete``."""

    disk: str
    kind: TableKind = TableKind.GPT
    keep: bool = False
    delete: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Partition:
    """A partition to make, or an ``existing`` one (its number) to use.

    ``type`` may be a GUID. A ``size`` for an existing one resizes it, with what is on it.
    """

    name: str
    disk: str
    size: Size | None = None
    type: str | None = None
    existing: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Array:
    """An md array of volumes."""

    name: str
    level: int
    members: tuple[str, ...]
    spares: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Encrypted:
    """A LUKS2 volume on another volume."""

    name: str
    volume: str
    encryption: Encryption


@dataclass(frozen=True, slots=True, kw_only=True)
class LogicalVolume:
    """A logical volume; a ``thin`` one takes its room from ``pool`` as it is used."""

    name: str
    size: Size = Size()
    kind: VolumeKind = VolumeKind.LINEAR
    pool: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class VolumeGroup:
    """An LVM volume group with its logical volumes, in the order of their making."""

    name: str
    members: tuple[str, ...]
    volumes: tuple[LogicalVolume, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Subvolume:
    """A btrfs subvolume; ``name`` may have slashes."""

    name: str
    mount: str | None = None
    options: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Filesystem:
    """A filesystem, or swap space, on ``volume``; one that is not to be formatted is kept.

    ``kind`` may be None for a kept one. ``options`` are for mounting (None: what suits the place),
    ``make_options`` arguments for its mkfs program. ``binds`` are pairs of a folder in it and the
    place where that is mounted as well.
    """

    volume: str
    kind: FilesystemKind | None = None
    format: bool = True
    label: str | None = None
    mount: str | None = None
    options: tuple[str, ...] | None = None
    make_options: tuple[str, ...] = ()
    subvolumes: tuple[Subvolume, ...] = ()
    binds: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LayoutParts:
    """A whole layout in parts. Order counts: what comes first is made, and lies, first."""

    tables: tuple[Table, ...] = ()
    partitions: tuple[Partition, ...] = ()
    arrays: tuple[Array, ...] = ()
    encrypted: tuple[Encrypted, ...] = ()
    volume_groups: tuple[VolumeGroup, ...] = ()
    filesystems: tuple[Filesystem, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Storage:
    """How the disks are used.

    A guided layout is for ``disk`` (and the ``mirror`` disks, which hold the same); it has an ESP,
    perhaps swap, and one root filesystem, which lies on LVM with ``lvm`` and is encrypted with
    ``encryption``; or, with ``ab``, A/B root filesystems and a filesystem for what both share.
    A custom one is in ``parts``. The disks of ``wipe`` are erased as well.
    ``preserve`` is what the new host takes over from the one that is replaced.
    """

    layout: LayoutKind = LayoutKind.WHOLE_DISK
    disk: str = "default"
    wipe: tuple[str, ...] = ()
    filesystem: RootFilesystem | None = None
    swap: Swap | None = None
    mirror: tuple[str, ...] = ()
    lvm: bool = False
    encryption: Encryption | None = None
    containers: Containers | None = None
    ab: bool = False
    preserve: tuple[Preserved, ...] = ()
    parts: LayoutParts | None = None
