"""The disks as the actions of a plan change them, followed one by one.

Each step is looked at as the program would that carries it out, so that nothing here leans on what
the planner thought.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from installer.actions.action import Action
from installer.actions.host.files import MakeFolder
from installer.actions.host.payload import ExtractPayload
from installer.actions.storage.array import CreateArray
from installer.actions.storage.disk import (
    AttachExisting,
    AttachPartitions,
    WipeSignatures,
    WriteTable,
)
from installer.actions.storage.encryption import AddRecoveryKey, EncryptVolume, SealToTpm2
from installer.actions.storage.filesystem import (
    MakeFilesystem,
    MakeSubvolumes,
    MakeSwapFile,
    MountFilesystem,
)
from installer.actions.storage.layers import StopLayer
from installer.actions.storage.lvm import CreateLogicalVolume, CreateVolumeGroup
from installer.actions.storage.resize import ResizeFilesystem
from installer.actions.storage.save import SaveDisk
from installer.actions.storage.table import AlterTable
from installer.machine.facts import Disk, Layer, Machine, Partition
from installer.plan.model import InstallPlan
from tests.engine import actions_of

MIB = 1 << 20
EXTENT = 4 * MIB


@dataclass(slots=True)
class World:
    """The disks, and what has been made on them by the actions that were followed so far."""

    tables: dict[str, dict[int, tuple[int, int]]]
    old: dict[str, Partition]
    disks: dict[str, Disk]
    new: set[tuple[str, int]] = field(default_factory=set)
    nodes: dict[str, str] = field(default_factory=dict)
    sizes: dict[str, int] = field(default_factory=dict)
    below: dict[str, tuple[str, ...]] = field(default_factory=dict)
    made_by: dict[str, Action] = field(default_factory=dict)
    used: dict[str, Action] = field(default_factory=dict)
    filesystems: dict[str, MakeFilesystem] = field(default_factory=dict)
    mounts: dict[str, str] = field(default_factory=dict)
    room: dict[str, int] = field(default_factory=dict)
    spare: dict[str, int] = field(default_factory=dict)
    identifiers: list[str] = field(default_factory=list)
    lost: set[str] = field(default_factory=set)
    saved: set[str] = field(default_factory=set)
    stopped: list[Layer] = field(default_factory=list)

    def take(self, reference: str, action: Action) -> None:
        """Use a volume: it is there, and nothing else uses it."""
        assert reference in self.nodes, f"{reference} is used before it is there: {action}"
        assert reference not in self.used, f"{reference} is used twice: {action}"
        self.used[reference] = action
        if self.nodes[reference] in self.old:
            self.lost.add(self.nodes[reference])

    def make(self, reference: str, size: int, below: tuple[str, ...], action: Action) -> None:
        """Have a new volume."""
        assert reference not in self.nodes, f"{reference} is made twice"
        self.nodes[reference] = reference
        self.sizes[reference] = size
        self.below[reference] = below
        self.made_by[reference] = action

    def all_below(self, reference: str) -> tuple[str, ...]:
        """The volume and all that it lies on."""
        lower = (each for one in self.below.get(reference, ()) for each in self.all_below(one))
        return tuple(dict.fromkeys((reference, *lower)))


def follow(plan: InstallPlan, machine: Machine) -> World:
    """Follow the actions, and look at each."""
    world = World(
        tables={
            disk.path: {each.number: (each.start, each.size) for each in disk.partitions}
            for disk in machine.disks
        },
        old={each.path: each for disk in machine.disks for each in disk.partitions},
        disks={disk.path: disk for disk in machine.disks},
    )
    for action in actions_of(plan):
        assert action.weight > 0
        assert action.describe()
        if (step := _STEPS.get(type(action))) is not None:
            step(world, action)
    return world


def _wipe(world: World, action: WipeSignatures) -> None:
    assert world.saved >= {action.disk} or not world.disks[action.disk].partitions
    world.lost |= {action.disk, *action.partitions}
    assert set(action.partitions) == {each.path for each in world.disks[action.disk].partitions}
    world.tables[action.disk] = {}


def _write_table(world: World, action: WriteTable) -> None:
    assert world.tables[action.disk] == {}, "a table is written over one that is there"
    world.identifiers += [action.guid, *(each.guid for each in action.partitions)]
    for each in action.partitions:
        assert each.number not in world.tables[action.disk]
        world.tables[action.disk][each.number] = each.start, each.size
        world.new.add((action.disk, each.number))


def _alter_table(world: World, action: AlterTable) -> None:
    assert action.disk in world.saved
    table = world.tables[action.disk]
    by_number = {each.number: each for each in world.disks[action.disk].partitions}
    for number in action.delete:
        world.lost.add(by_number[number].path)
        del table[number]
    for number, size in action.resize:
        table[number] = table[number][0], size
    for each in action.partitions:
        assert each.number not in table
        table[each.number] = each.start, each.size
        world.new.add((action.disk, each.number))
    world.identifiers += [each.guid for each in action.partitions]


def _attach(world: World, action: AttachPartitions) -> None:
    world.nodes[action.reference] = action.disk
    if action.disk in world.disks:
        world.sizes[action.reference] = world.disks[action.disk].size
    for each in action.partitions:
        assert world.tables[action.disk][each.number] == (each.start, each.size)
        world.nodes[each.reference] = f"{action.disk} {each.number}"
        world.sizes[each.reference] = each.size
        world.below[each.reference] = (action.reference,)


def _attach_existing(world: World, action: AttachExisting) -> None:
    for reference, path in action.references:
        disk = next(disk for disk in world.disks.values() if world.old[path] in disk.partitions)
        number = world.old[path].number
        assert (disk.path, number) not in world.new
        world.nodes[reference] = path
        world.sizes[reference] = world.tables[disk.path][number][1]
        above = next(name for name, node in world.nodes.items() if node == disk.path)
        world.below[reference] = (above,)


def _array(world: World, action: CreateArray) -> None:
    members = (*action.members, *action.spares)
    for each in members:
        world.take(each, action)
    count = len(action.members)
    holding = {0: count, 1: 1, 5: count - 1, 6: count - 2, 10: count / 2}[action.level]
    size = int(min(world.sizes[each] for each in action.members) * holding)
    world.make(action.reference, size, members, action)
    world.identifiers.append(action.uuid)


def _encrypt(world: World, action: EncryptVolume) -> None:
    world.take(action.volume, action)
    size = world.sizes[action.volume] - 16 * MIB
    world.make(action.reference, size, (action.volume,), action)
    world.identifiers.append(action.uuid)


def _more_keys(world: World, action: AddRecoveryKey | SealToTpm2) -> None:
    assert isinstance(world.used.get(action.volume), EncryptVolume)


def _group(world: World, action: CreateVolumeGroup) -> None:
    for each in action.members:
        world.take(each, action)
    world.room[action.name] = sum(
        (world.sizes[each] - MIB) // EXTENT * EXTENT for each in action.members
    )
    world.below[f"group {action.name}"] = action.members


def _logical_volume(world: World, action: CreateLogicalVolume) -> None:
    below = world.below[f"group {action.group}"]
    room = world.room[action.group]
    if action.kind == "thin":
        assert f"volume/{action.group}/{action.pool}" in world.nodes
        assert action.size is not None
        assert action.size % EXTENT == 0
    else:
        size = room if action.size is None else action.size
        assert size % EXTENT == 0
        assert 0 < size <= room, f"{action} does not fit into {room}"
        # A pool has metadata of a thousandth of its size, and there is a spare for the largest.
        metadata = min(-(-size // 1024 // EXTENT) * EXTENT, 128 * MIB) if action.size else 0
        if action.kind == "thin_pool":
            spare = max(metadata - world.spare.get(action.group, 0), 0)
            world.spare[action.group] = world.spare.get(action.group, 0) + spare
            size += metadata + spare
        assert size <= room, f"there is no room for the metadata of {action}"
        world.room[action.group] = room - size
    world.make(action.reference, action.size or room, below, action)


def _filesystem(world: World, action: MakeFilesystem) -> None:
    world.take(action.volume, action)
    world.filesystems[action.volume] = action
    world.identifiers.append(action.uuid)


def _subvolumes(world: World, action: MakeSubvolumes) -> None:
    assert world.filesystems[action.volume].kind == "btrfs"


def _mount(world: World, action: MountFilesystem) -> None:
    assert action.volume in world.nodes
    if action.volume in world.filesystems:
        assert world.filesystems[action.volume].kind == action.kind
    else:
        assert world.old[world.nodes[action.volume]].filesystem == action.kind
    assert action.path not in world.mounts
    assert not {"ro", "noexec"} & set(action.options.split(",")), "scripts run in /var/tmp"
    assert bool(world.mounts) == (action.path != "/"), "the root is mounted first"
    hidden = [path for path in world.mounts if path.startswith(action.path.rstrip("/") + "/")]
    assert not hidden, f"{action.path} is mounted over {hidden}"
    world.mounts[action.path] = action.volume


def _stop(world: World, action: StopLayer) -> None:
    below = [each for each in world.stopped if set(each.devices) & set(action.layer.parents)]
    assert not below, f"{action.layer.name} is stopped after what it lies on"
    world.stopped.append(action.layer)


def _resize(world: World, action: ResizeFilesystem) -> None:
    old = world.old[action.volume]
    assert old.filesystem == action.kind
    assert action.volume not in world.lost, "what is lost is not resized"
    disk = next(disk for disk in world.disks.values() if old in disk.partitions)
    now = world.tables[disk.path][old.number][1]
    if action.grow:
        assert now > old.size, "it grows before there is room"
    else:
        assert action.size is not None
        assert old.minimum <= action.size < now == old.size, "it shrinks after its partition"
        assert disk.path not in world.saved


def _save(world: World, action: SaveDisk) -> None:
    assert not world.filesystems
    world.saved.add(action.disk)


_STEPS: dict[type, Callable[..., None]] = {
    WipeSignatures: _wipe,
    WriteTable: _write_table,
    AlterTable: _alter_table,
    AttachPartitions: _attach,
    AttachExisting: _attach_existing,
    CreateArray: _array,
    EncryptVolume: _encrypt,
    AddRecoveryKey: _more_keys,
    SealToTpm2: _more_keys,
    CreateVolumeGroup: _group,
    CreateLogicalVolume: _logical_volume,
    MakeFilesystem: _filesystem,
    MakeSubvolumes: _subvolumes,
    MountFilesystem: _mount,
    MakeFolder: lambda world, _: world.mounts["/"],
    ExtractPayload: lambda world, _: world.mounts["/"],
    MakeSwapFile: lambda world, action: world.identifiers.append(action.uuid),
    StopLayer: _stop,
    ResizeFilesystem: _resize,
    SaveDisk: _save,
}
