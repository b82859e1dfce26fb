"""Whether the host fits: what each volume must hold of the payload, and of the first upgrade."""

from __future__ import annotations

import os.path
from collections.abc import Iterable, Iterator, Mapping
from pathlib import PurePosixPath

from installer.actions.storage.lvm import POOL_PERCENT
from installer.config.boot import BootMode
from installer.config.storage import Swap, SwapKind, VolumeKind
from installer.filesystems import OfflineTools, filesystem_type
from installer.machine.text import disk_text
from installer.payload.index import PayloadTree
from installer.plan.storage.bootable import all_below, disks_below
from installer.plan.storage.guided import BIOS_BOOT_SIZE, ESP_SIZE
from installer.plan.storage.model import PlannedFilesystem, PlannedGroup, PlannedVolume, StoragePlan
from installer.plan.storage.texts import SWAP_FILE
from installer.sizes import MIB, format_size
from ks_schema.problem import Problem
from ks_schema.syntax import child

# What the first upgrade writes: new versions are unpacked beside the old ones, among them a kernel
# with its modules, and apt keeps the packages that it has fetched.
_UPGRADE_ROOM = {"/usr/lib/modules": 128 * MIB, "/var/cache/apt": 128 * MIB}
# For what else writes there, and for what a filesystem needs for itself.
_LEAST_ROOM = 16 * MIB


def room_needed(tree: PayloadTree, swap: Swap) -> int:
    """What the host's filesystems must hold together, with a little room left; bytes."""
    file = swap.size or 0 if swap.kind is SwapKind.FILE else 0
    return _with_margin(tree.installed_size) + sum(_UPGRADE_ROOM.values()) + file


def least_disk_size(tree: PayloadTree, mode: BootMode) -> int:
    """The smallest disk that the tree fits on as a whole, in bytes."""
    loaders = (0 if mode is BootMode.BIOS else ESP_SIZE) + BIOS_BOOT_SIZE
    return room_needed(tree, Swap(kind=SwapKind.NONE)) + loaders + 2 * MIB


def room_problems(
    storage: StoragePlan, tree: PayloadTree, swap: Swap, *, custom: bool
) -> tuple[Problem, ...]:
    """The volumes that are too small for their share; ``custom`` ones are named by their place."""
    places = {path: each for each in storage.filesystems for path in each.mount_points}
    problems = []
    for filesystem in storage.filesystems:
        need = _need(filesystem, places, tree, swap)
        used = _used(storage, filesystem)
        if filesystem.size - used >= need:
            continue
        if filesystem is storage.root:
            problems.append(_root_problem(storage, tree, need))
        else:
            problems.append(_part_problem(filesystem, tree, need, used, custom=custom))
    needs = {each.volume: _need(each, places, tree, swap) for each in storage.filesystems}
    return (*problems, *_pool_problems(storage, tree, needs))


def _need(
    filesystem: PlannedFilesystem,
    places: dict[str, PlannedFilesystem],
    tree: PayloadTree,
    swap: Swap,
) -> int:
    share = sum(share_of(path, places, tree) for path in filesystem.mount_points)
    room = _upgrade_room(filesystem, places)
    if not share and not room:
        return 0
    holds_swap = swap.kind is SwapKind.FILE and _holder(SWAP_FILE, places) is filesystem
    file = swap.size or 0 if holds_swap else 0
    return _with_margin(share) + max(room, _LEAST_ROOM) + file


def share_of(path: str, places: Iterable[str], tree: PayloadTree) -> int:
    """What the tree has below a place, without what is below other places."""
    sizes = {"/": tree.installed_size, **tree.contents.directories}
    below = sum(sizes.get(each, 0) for each in _next_below(path, places))
    return max(0, sizes.get(path, 0) - below)


def _next_below(path: str, places: Iterable[str]) -> Iterator[str]:
    """The places below a place that are not below another one of them."""
    below = [each for each in places if each != path and _is_below(each, path)]
    for each in below:
        if not any(other != each and _is_below(each, other) for other in below):
            yield each


def _upgrade_room(filesystem: PlannedFilesystem, places: dict[str, PlannedFilesystem]) -> int:
    return sum(room for path, room in _UPGRADE_ROOM.items() if _holder(path, places) is filesystem)


def _holder(path: str, places: dict[str, PlannedFilesystem]) -> PlannedFilesystem:
    """The filesystem that a path is on."""
    above = [str(each) for each in (PurePosixPath(path), *PurePosixPath(path).parents)]
    return next(places[each] for each in above if each in places)


def _is_below(path: str, above: str) -> bool:
    return os.path.commonpath((path, above)) == above


def _with_margin(size: int) -> int:
    return size * 115 // 100


def _root_problem(storage: StoragePlan, tree: PayloadTree, need: int) -> Problem:
    root = storage.root
    disks = ", ".join(disk_text(each.disk) for each in disks_below(storage, root.volume))
    return Problem(
        pointer="/storage",
        message=f"{disks} is too small: that leaves "
        f"{format_size(root.size)} for the root, {tree.name} needs {format_size(need)}",
        hint="use a larger disk, less swap, or the minimal set",
    )


def _part_problem(
    part: PlannedFilesystem, tree: PayloadTree, need: int, used: int, *, custom: bool
) -> Problem:
    name = part.volume.partition("/")[2]
    has = f"{format_size(part.size)}"
    give = f"give it at least {format_size(used + need)}"
    if used:
        has += f", of which what is kept on it takes {format_size(used)}"
        give += f", make room on it until {format_size(need)} are free"
    return Problem(
        pointer=child("/storage/filesystems", name) if custom else "/storage",
        message=f"{name} has {has}, too little for {_where(part)} of {tree.name} "
        "and its first upgrade",
        hint=f"{give}, or leave that on the root",
    )


def _where(*filesystems: PlannedFilesystem) -> str:
    return " and ".join(sorted(place for each in filesystems for place in each.mount_points))


def _used(storage: StoragePlan, filesystem: PlannedFilesystem) -> int:
    """What a filesystem that is kept has used already; 0 where the machine's facts do not say.

    The smallest size of an ext4 is about that; that of btrfs has room to move chunks.
    """
    tools = filesystem_type(filesystem.kind).tools
    if filesystem.format or tools is not OfflineTools.E2FSPROGS:
        return 0
    kept = (each for disk in storage.disks for each in disk.kept)
    return sum(each.partition.minimum for each in kept if each.reference == filesystem.volume)


def _pool_problems(
    storage: StoragePlan, tree: PayloadTree, needs: Mapping[str, int]
) -> Iterator[Problem]:
    """Thin pools that are too small for what is on their volumes, whose own sizes are promises."""
    for group in storage.groups:
        for pool in group.volumes:
            if pool.kind is not VolumeKind.THIN_POOL:
                continue
            on_it = _filesystems_on(storage, group, pool)
            need, size = sum(needs[each.volume] for each in on_it), _pool_size(pool)
            if size < need:
                where = _where(*(each for each in on_it if needs[each.volume]))
                volumes = child(child("/storage/volume_groups", group.name), "volumes")
                yield Problem(
                    pointer=child(volumes, pool.name),
                    message=f"the thin pool {group.name}/{pool.name} has {format_size(size)}, too "
                    f"little for {where} of {tree.name} and its first upgrade",
                    hint=f"give it at least {format_size(need)}, however large its volumes are",
                )


def _filesystems_on(
    storage: StoragePlan, group: PlannedGroup, pool: PlannedVolume
) -> tuple[PlannedFilesystem, ...]:
    """The filesystems whose blocks come from a thin pool, through whatever is between."""
    thin = {each.reference for each in group.volumes if each.pool == pool.name}
    return tuple(
        each for each in storage.filesystems if thin & set(all_below(storage, each.volume))
    )


def _pool_size(pool: PlannedVolume) -> int:
    return pool.size * POOL_PERCENT // 100 if pool.take_rest else pool.size
