"""What there is to know of each filesystem: one row of a table each, which all others read.

To add one: its row here, its name in the enums of :mod:`installer.config.storage` and in
``ks_schema/language.json``, its package in ``iso_hooks/recipe.yaml``, and its kernel module in the
initrd (``90photon-storage/module-setup.sh``). ``tests/unit/test_filesystems.py`` compares them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from installer.sizes import MIB

EXT4 = "ext4"
SWAP = "swap"
# What firmware reads, and so what an EFI system partition is formatted with.
ESP_FILESYSTEM = "vfat"

# A program and its arguments, with {names} in place of what each call is about.
Command = tuple[str, ...]


class OfflineTools(StrEnum):
    """The programs that look into a filesystem which is not mounted, and say its smallest size."""

    E2FSPROGS = "e2fsprogs"
    BTRFS_PROGS = "btrfs-progs"
    NTFS_3G = "ntfs-3g"


@dataclass(frozen=True, slots=True, kw_only=True)
class Resizing:
    """How a filesystem gets another size: ``{size}`` in bytes, ``{kib}`` in KiB.

    ``{at}`` is the device or, with ``mounted``, where it is mounted. ``check`` runs first, and a
    second time where it fails: it ends with an error also when it has repaired everything.
    """

    to_size: tuple[Command, ...]
    to_fill: tuple[Command, ...]
    check: Command = ()
    mounted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FilesystemType:
    """A kind of filesystem, or swap space. What a row does not say is not possible with it.

    ``name`` is the kernel's and blkid's, ``title`` is for people, ``driver`` the kernel's driver
    where that has another name. ``package`` brings its tools, on the host too if it is made.
    """

    name: str
    title: str
    driver: str = ""
    package: str = ""

    # How it is made: the command gets {uuid}, {volume_id} (the same in hexadecimal) and {label}.
    make: Command = ()
    # How much of the volume is zeroed before, in the words of blkdiscard.
    blank_first: str = ""
    # FAT has a volume ID of eight digits in place of a UUID, and labels in capitals.
    is_fat: bool = False
    label_length: int = 0
    least_size: int = 0
    # The same on a disk whose sectors are larger than 512 bytes, where that differs.
    least_size_large_sectors: int = 0
    # Makes a swap file {path} of {size} bytes; others take any file without holes.
    swap_file: Command = ()

    # What it may hold: "/", and /boot where GRUB has a module that reads it.
    holds_root: bool = False
    grub_module: str = ""
    # Whether a Linux that is installed already is expected on it.
    holds_linux: bool = False

    # Mount options: the usual ones, those of "/" and of the containers' volume.
    mount_options: tuple[str, ...] = ()
    root_options: tuple[str, ...] = ()
    container_options: tuple[str, ...] = ()
    # With these nothing is written, neither by a replay of the journal nor by a repair.
    read_only: str = ""
    # Mounts the top of one with subvolumes; "" where there are none.
    top_option: str = ""
    # Whether the host checks it at each start (the sixth field of fstab).
    fsck: bool = False

    # A filesystem that is there: who looks into it, how it is resized, what is saved on it.
    tools: OfflineTools | None = None
    resizing: Resizing | None = None
    holds_saved_files: bool = False
    # Gives what is saved on one without modes to root alone.
    private_options: tuple[str, ...] = ()

    # What the screens say about it: as the root, and for containers.
    root_note: str = ""
    container_note: str = ""

    @property
    def holds_boot(self) -> bool:
        """Whether GRUB can read the kernel and its menu from it."""
        return bool(self.grub_module)

    @property
    def is_guided_root(self) -> bool:
        """Whether a guided layout may have it: /boot can be a directory of the root there."""
        return self.holds_root and self.holds_boot

    @property
    def has_subvolumes(self) -> bool:
        """Whether it has subvolumes, each of which can be mounted."""
        return bool(self.top_option)

    def make_command(self, *, uuid: str, label: str) -> list[str]:
        """The program that makes it, without the volume.

        :raises ValueError: this one is not made here.
        """
        if not self.make:
            raise ValueError(f"{self.name!r} is not a filesystem that can be made")
        label = label[: self.label_length]
        return filled(self.make, uuid=uuid, volume_id=uuid.replace("-", ""), label=label)

    def least_size_on(self, logical_sector: int) -> int:
        """The bytes that it needs at least on a disk with sectors of that size."""
        large = self.least_size_large_sectors if logical_sector > 512 else 0
        return large or self.least_size


FILESYSTEMS = (
    FilesystemType(
        name=EXT4,
        title="ext4",
        package="e2fsprogs",
        make=("mkfs.ext4", "-q", "-F", "-U", "{uuid}", "-L", "{label}"),
        label_length=16,
        least_size=2 * MIB,
        holds_root=True,
        grub_module="ext2",
        holds_linux=True,
        root_options=("errors=remount-ro",),
        read_only="ro,noload",
        fsck=True,
        tools=OfflineTools.E2FSPROGS,
        resizing=Resizing(
            check=("e2fsck", "-f", "-p", "{at}"),
            to_size=(("resize2fs", "{at}", "{kib}K"),),
            to_fill=(("resize2fs", "{at}"),),
        ),
        holds_saved_files=True,
        root_note="the default of most distributions",
    ),
    FilesystemType(
        name="xfs",
        title="xfs",
        package="xfsprogs",
        make=("mkfs.xfs", "-q", "-f", "-m", "uuid={uuid}", "-L", "{label}"),
        label_length=12,
        least_size=300 * MIB,
        holds_root=True,
        grub_module="xfs",
        holds_linux=True,
        # Docker limits a container's writable layer by a project quota.
        container_options=("prjquota",),
        read_only="ro,norecovery,nouuid",
        holds_saved_files=True,
        root_note="good for large files",
        container_note="with quotas for containers",
    ),
    FilesystemType(
        name="btrfs",
        title="btrfs",
        package="btrfs-progs",
        make=("mkfs.btrfs", "--quiet", "--force", "-U", "{uuid}", "-L", "{label}"),
        label_length=255,
        least_size=128 * MIB,
        # A file that is neither compressed nor copied on write:
        # https://btrfs.readthedocs.io/en/latest/Swapfile.html
        swap_file=(
            "btrfs", "filesystem", "mkswapfile", "--uuid", "{uuid}", "--size", "{size}", "{path}",
        ),
        holds_root=True,
        grub_module="btrfs",
        holds_linux=True,
        mount_options=("compress=zstd:1",),
        read_only="ro,rescue=nologreplay",
        top_option="subvolid=5",
        tools=OfflineTools.BTRFS_PROGS,
        resizing=Resizing(
            to_size=(("btrfs", "filesystem", "resize", "{size}", "{at}"),),
            to_fill=(("btrfs", "filesystem", "resize", "max", "{at}"),),
            mounted=True,
        ),
        holds_saved_files=True,
        root_note="compressed, with snapshots",
        container_note="a subvolume each",
    ),
    FilesystemType(
        name=ESP_FILESYSTEM,
        title="vfat",
        package="dosfstools",
        make=("mkfs.vfat", "-F", "32", "-i", "{volume_id}", "-n", "{label}"),
        # More than the tables of a FAT and its root directory take. mkfs.vfat writes everything at
        # once: after a power cut a new boot sector may lead to the directories of the old
        # filesystem, and firmware starts what they name.
        blank_first="32MiB",
        is_fat=True,
        label_length=11,
        # FAT32 has at least 65525 clusters, and a cluster is at least a sector.
        least_size=34 * MIB,
        least_size_large_sectors=260 * MIB,
        fsck=True,
        holds_saved_files=True,
        private_options=("fmask=0177", "dmask=0077"),
    ),
    FilesystemType(
        name=SWAP,
        title="swap",
        make=("mkswap", "--uuid", "{uuid}", "--label", "{label}"),
        label_length=15,
        least_size=MIB,
    ),
    # What is only found on disks.
    FilesystemType(
        name="ext2",
        title="ext2",
        driver=EXT4,
        package="e2fsprogs",
        read_only="ro",
        tools=OfflineTools.E2FSPROGS,
        holds_saved_files=True,
    ),
    FilesystemType(
        name="ext3",
        title="ext3",
        driver=EXT4,
        package="e2fsprogs",
        holds_linux=True,
        read_only="ro,noload",
        tools=OfflineTools.E2FSPROGS,
        holds_saved_files=True,
    ),
    FilesystemType(
        name="ntfs",
        title="NTFS",
        package="ntfs-3g",
        tools=OfflineTools.NTFS_3G,
        resizing=Resizing(
            to_size=(
                ("ntfsresize", "--force", "--no-progress-bar", "--size", "{size}", "--no-action",
                 "{at}"),
                ("ntfsresize", "--force", "--no-progress-bar", "--size", "{size}", "{at}"),
            ),
            to_fill=(
                ("ntfsresize", "--force", "--no-progress-bar", "--no-action", "{at}"),
                ("ntfsresize", "--force", "--no-progress-bar", "{at}"),
            ),
        ),
    ),
    FilesystemType(
        name="exfat",
        title="exFAT",
        holds_saved_files=True,
        private_options=("fmask=0177", "dmask=0077"),
    ),
    FilesystemType(name="f2fs", title="f2fs", holds_linux=True),
)  # fmt: skip
_BY_NAME = {each.name: each for each in FILESYSTEMS}

# Those that a kickstart may ask for, in the order in which they are offered.
MADE = tuple(each for each in FILESYSTEMS if each.make)


def filesystem_type(name: str) -> FilesystemType:
    """The row of that name; one with which nothing is possible when the table has none."""
    return _BY_NAME.get(name) or FilesystemType(name=name, title=name)


def titles(types: Iterable[FilesystemType], conjunction: str = "or") -> str:
    """Their names for people: ``ext4, xfs or btrfs``."""
    *others, last = (each.title for each in types)
    return f"{', '.join(others)} {conjunction} {last}" if others else last


def filled(command: Command, **values: object) -> list[str]:
    """The words of a command with the ``{names}`` in them replaced."""
    return [word.format(**values) for word in command]
