"""What would keep the host from starting, or from fitting: found while it can still be mended."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from installer.config.boot import BootMode
from installer.config.storage import ESP_MOUNT, PartitionType, Storage, TableKind
from installer.filesystems import ESP_FILESYSTEM, EXT4, FILESYSTEMS, filesystem_type, titles
from installer.machine.text import disk_text
from installer.plan.storage.model import EspPlace, PlannedDisk, StoragePlan
from installer.plan.storage.types import is_bios_boot, is_esp
from installer.plan.storage.unused import ArrayParts
from installer.raid import MIRROR, raid_level
from installer.sizes import MIB, format_size
from ks_schema.problem import Problem
from ks_schema.syntax import child

_SECTOR_OF_BIOS = 512
_LOADER_ROOM = MIB
# Where the payload, the kernel and the boot menu are written.
_PLACES_OF_THE_SYSTEM = ("/", "/boot", "/usr", "/var")
_BOOT_ROOM = 256 * MIB
# Where bootctl(1) and the host's own tools look for an ESP.
_ESP_PATHS = (ESP_MOUNT, "/efi")
_BELOW_BOOT = ("/boot/", "/efi/")
_MOST_ESPS = 8


def boot_problems(plan: StoragePlan, mode: BootMode) -> tuple[Problem, ...]:
    """Everything that keeps a layout from starting in that mode."""
    problems = [*_root_problems(plan), *_boot_volume_problems(plan)]
    problems += _boot_path_problems(plan, mode)
    if mode is not BootMode.BIOS:
        problems += _efi_problems(plan)
    if mode is not BootMode.EFI:
        problems += _bios_problems(plan)
    return tuple(problems)


def ab_problems(storage: Storage, mode: BootMode) -> tuple[Problem, ...]:
    """GRUB keeps what it knows of the two roots on the ESP."""
    if not storage.ab or mode is BootMode.EFI:
        return ()
    message = f"the two roots of ab start by EFI alone, and the machine started by {mode}"
    hint = "switch the firmware to EFI, or leave ab out"
    return (Problem(pointer="/storage/ab", message=message, hint=hint),)


def boot_warnings(plan: StoragePlan, mode: BootMode) -> tuple[str, ...]:
    """Disks whose loss an array would survive, and the host would not."""
    boot = {disk.name for disk in disks_below(plan, plan.boot.volume)}
    if not _is_redundant(plan, plan.boot.volume):
        if not _is_redundant(plan, plan.root.volume):
            return ()
        names = _paths(disk for disk in plan.disks if disk.name in boot)
        text = f"/boot is on {names} alone: without it the host does not start"
        return (f"{text}, whatever the array of its root survives",)
    esps = {place.disk.name for place in esp_places(plan)}
    cores = {disk.name for disk, _, _ in bios_places(plan)}
    lines = []
    for missing, what, kind in (
        (boot - esps if mode is not BootMode.BIOS else set(), "ESP", PartitionType.ESP),
        (boot - cores if mode is not BootMode.EFI else set(), "place for the boot loader",
         PartitionType.BIOS_BOOT),
    ):  # fmt: skip
        names = _paths(disk for disk in plan.disks if disk.name in missing)
        if names:
            lines.append(
                f"no {what} on {names}: the host does not start when the other disks are gone, "
                f'although /boot is mirrored; give each disk a partition of type "{kind}"'
            )
    return tuple(lines)


def _is_redundant(plan: StoragePlan, reference: str) -> bool:
    """Whether it is on an array that survives the loss of a disk."""
    lower = all_below(plan, reference)
    return any(
        raid_level(array.level).is_redundant and array.reference in lower for array in plan.arrays
    )


def _paths(disks: Iterable[PlannedDisk]) -> str:
    return ", ".join(each.disk.path for each in disks)


def array_parts(plan: StoragePlan) -> tuple[ArrayParts, ...]:
    """What is there for each array that takes the same of each disk."""
    sizes = _volume_sizes(plan)

    def on_disks(references: tuple[str, ...]) -> tuple[tuple[str, int], ...]:
        return tuple(
            (disks[0].disk.path, sizes[each])
            for each in references
            if each in sizes and len(disks := disks_below(plan, each)) == 1
        )

    return tuple(
        ArrayParts(members=on_disks(each.members), spares=on_disks(each.spares))
        for each in plan.arrays
        if raid_level(each.level).is_redundant  # RAID 0 stripes what is left of the larger ones too
    )


def _volume_sizes(plan: StoragePlan) -> dict[str, int]:
    sizes = {disk.reference: disk.disk.size for disk in plan.disks}
    for disk in plan.disks:
        sizes |= {each.reference: each.size for each in disk.partitions}
        sizes |= {
            each.reference: each.partition.size if each.new_size is None else each.new_size
            for each in disk.kept
            if each.reference
        }
    sizes |= {each.reference: each.size for each in plan.encrypted}
    return sizes


def esp_places(plan: StoragePlan) -> tuple[EspPlace, ...]:
    """The ESPs to fill, the mounted one first: that of each disk, so that any alone starts."""
    made = {
        each.volume: each
        for each in plan.filesystems
        if each.kind == ESP_FILESYSTEM and each.format
    }
    places = [
        EspPlace(disk=disk, partition=each, filesystem=made[each.reference])
        for disk in plan.disks
        for each in disk.partitions
        if is_esp(each.type_guid) and each.reference in made
    ]
    return tuple(sorted(places, key=lambda place: not place.filesystem.mounts))


def bios_places(plan: StoragePlan) -> tuple[tuple[PlannedDisk, int, int], ...]:
    """Where BIOS GRUB's core goes: each disk that holds /boot, with start and size in bytes."""
    places = []
    for disk in plan.disks:
        place = _core_place(disk)
        if place is not None and _holds(plan, disk, plan.boot.volume):
            places.append((disk, *place))
    return tuple(places)


def disks_below(plan: StoragePlan, reference: str) -> tuple[PlannedDisk, ...]:
    """The disks that a volume lies on, through whatever is between."""
    return tuple(disk for disk in plan.disks if _holds(plan, disk, reference))


def below(plan: StoragePlan, reference: str) -> tuple[str, ...]:
    """The references that a volume lies on directly."""
    for array in plan.arrays:
        if array.reference == reference:
            return (*array.members, *array.spares)
    for encrypted in plan.encrypted:
        if encrypted.reference == reference:
            return (encrypted.volume,)
    for group in plan.groups:
        if any(each.reference == reference for each in group.volumes):
            return group.members
    return ()


def all_below(plan: StoragePlan, reference: str) -> tuple[str, ...]:
    """The volume itself and everything that it lies on."""
    found = [reference]
    for each in below(plan, reference):
        found += all_below(plan, each)
    return tuple(dict.fromkeys(found))


def _core_place(disk: PlannedDisk) -> tuple[int, int] | None:
    """Start and size of where the core image fits: its partition, or what is before the first."""
    made = next((each for each in disk.partitions if is_bios_boot(each.type_guid)), None)
    if made is not None:
        return made.start, made.size
    there = next((each for each in disk.kept if is_bios_boot(each.partition.type_guid)), None)
    if there is not None and there.reference:
        return there.partition.start, there.partition.size
    starts = [each.start for each in disk.partitions]
    starts += [each.partition.start for each in disk.kept]
    if disk.table is TableKind.DOS and min(starts, default=0) >= _LOADER_ROOM:
        return _SECTOR_OF_BIOS, _LOADER_ROOM - _SECTOR_OF_BIOS
    return None


def _holds(plan: StoragePlan, disk: PlannedDisk, reference: str) -> bool:
    own = {disk.reference, *(each.reference for each in disk.partitions)}
    own |= {each.reference for each in disk.kept if each.reference}
    return bool(own & set(all_below(plan, reference)))


def _root_problems(plan: StoragePlan) -> Iterator[Problem]:
    root = plan.root
    if not filesystem_type(root.kind).holds_root:
        hint = f"use {titles(each for each in FILESYSTEMS if each.holds_root)}"
        yield _problem(f"the root cannot be {root.kind}", hint)
    for path in _PLACES_OF_THE_SYSTEM:
        kept = plan.filesystem_at(path)
        if kept is not None and not kept.format:
            what = "the root" if path == "/" else path
            hint = "format it: an old system would be mixed in"
            yield _problem(f"{what} is kept as it is", hint)


def _boot_volume_problems(plan: StoragePlan) -> Iterator[Problem]:
    """Whether the boot loader can read the kernel."""
    boot = plan.boot
    kinds = {each.partition("/")[0] for each in all_below(plan, boot.volume)}
    arrays = [array for array in plan.arrays if array.reference in all_below(plan, boot.volume)]
    what = "/boot" if plan.filesystem_at("/boot") else "the root, and with it /boot,"
    hint = (
        f"give /boot a partition of its own (768 MiB, {EXT4}), "
        f"or an array of level {MIRROR} of them"
    )
    if "encrypted" in kinds:
        yield _problem(f"{what} is encrypted: the boot loader could not read the kernel", hint)
    elif "volume" in kinds:
        yield _problem(f"{what} is on LVM: the boot loader would not find the kernel", hint)
    elif not all(raid_level(array.level).holds_boot for array in arrays):
        yield _problem(f"{what} is on an array that is not a mirror", hint)
    if not filesystem_type(boot.kind).holds_boot:
        yield _problem(f"/boot cannot be {boot.kind}", f"use {EXT4}")
    if boot.size < _BOOT_ROOM:
        yield _problem(
            f"/boot has only {format_size(boot.size)}: no room for a second kernel",
            f"give it at least {format_size(_BOOT_ROOM)}",
        )


def _boot_path_problems(plan: StoragePlan, mode: BootMode) -> Iterator[Problem]:
    """Whether what is mounted where boot loaders are kept is what this host starts from.

    Upgrades write there, and the firmware or the boot loader would go on reading another place.
    """
    filled = {place.filesystem.volume for place in esp_places(plan)}
    none_at_all = not filled and mode is not BootMode.BIOS  # which is reported anyway
    for filesystem in plan.filesystems:
        places = [each.path for each in filesystem.mounts]
        bound = [place for _, place in filesystem.binds]
        named = child("/storage/filesystems", filesystem.volume.partition("/")[2])
        pointer = child(named, "mount")
        for path in (*places, *bound):
            other = not none_at_all and (filesystem.volume not in filled or path in bound)
            if path in _ESP_PATHS and other:
                yield _problem(
                    f"what is mounted at {path} is not the ESP that the boot loader goes to",
                    "mount the ESP of another system elsewhere, like /srv/esp; this host's own is "
                    "a new partition of the type esp",
                    pointer,
                )
            elif path not in _ESP_PATHS and (
                path.startswith(_BELOW_BOOT) or (path == "/boot" and path in bound)
            ):
                yield _problem(
                    f"something is mounted at {path}, where the boot loader would not find it",
                    "leave it to the filesystem of /boot",
                    pointer,
                )


def _efi_problems(plan: StoragePlan) -> Iterator[Problem]:
    places = esp_places(plan)
    for place in places:
        for mount in place.filesystem.mounts:
            if mount.path != ESP_MOUNT:
                # It is filled while nothing mounts it.
                message = f"an ESP is mounted at {mount.path}"
                yield _problem(message, f"mount one of them at {ESP_MOUNT}, the others nowhere")
    if len(places) > _MOST_ESPS:
        yield _problem(f"there are {len(places)} ESPs", f"{_MOST_ESPS} are enough")
    if not places:
        yield _problem(
            "no new EFI system partition: the firmware could not start this host",
            'add a partition {"size": "512 MiB", "type": "esp"}',
        )


def _bios_problems(plan: StoragePlan) -> Iterator[Problem]:
    if not bios_places(plan):
        yield _problem(
            "no place for the boot loader: a BIOS would find nothing to start",
            'add a partition {"size": "1 MiB", "type": "bios_boot"} to the disk of /boot',
        )
    for disk in disks_below(plan, plan.boot.volume):
        if disk.disk.logical_sector != _SECTOR_OF_BIOS:
            yield Problem(
                pointer="/boot/mode",
                message=f"{disk_text(disk.disk)} has {disk.disk.logical_sector}-byte sectors; "
                "BIOS starts only from 512",
                hint="use efi",
            )


def _problem(message: str, hint: str, pointer: str = "/storage") -> Problem:
    return Problem(pointer=pointer, message=message, hint=hint)
