"""The actions that make what is planned, from the disks up to the mounted root."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from installer.actions.action import Action
from installer.actions.host.files import MakeFolder
from installer.actions.storage.array import CreateArray
from installer.actions.storage.disk import (
    AttachExisting,
    AttachPartitions,
    CreateImage,
    RemoveBootPath,
    WipeSignatures,
    WriteTable,
)
from installer.actions.storage.encryption import AddRecoveryKey, EncryptVolume, SealToTpm2
from installer.actions.storage.filesystem import (
    BindFolder,
    MakeFilesystem,
    MakeSubvolumes,
    MountFilesystem,
)
from installer.actions.storage.layers import StopLayer
from installer.actions.storage.lvm import CreateLogicalVolume, CreateVolumeGroup
from installer.actions.storage.resize import ResizeFilesystem
from installer.actions.storage.save import Area, SaveDisk
from installer.actions.storage.table import AlterTable
from installer.config.storage import ESP_MOUNT, TableKind
from installer.filesystems import ESP_FILESYSTEM
from installer.machine.facts import ESP_TYPE, IMAGE_TRANSPORT, Disk, Layer, Partition
from installer.plan.storage.model import (
    KeptPartition,
    PlannedDisk,
    PlannedEncryption,
    PlannedFilesystem,
    PlannedGroup,
    StoragePlan,
)
from installer.plan.storage.texts import mount_options, mount_order


def partition_actions(
    plan: StoragePlan, wiped: tuple[Disk, ...], layers: tuple[Layer, ...]
) -> tuple[Action, ...]:
    """Stop what is active, shrink, save, wipe, write the tables; ``wiped`` are left empty.

    A filesystem that was shrunk cannot be put back by what is saved, so it comes before that: as
    long as only shrinking has been done, everything on the disks is still whole.
    """
    images = [each for each in plan.disks if each.disk.transport == IMAGE_TRANSPORT]
    real = [each for each in plan.disks if each not in images]
    erased = [*(each.disk for each in real if not each.keep), *wiped]
    return (
        *(CreateImage(path=each.disk.path, size=each.disk.size) for each in images),
        *(StopLayer(layer=layer) for layer in layers if layer.active),
        *(each for disk in plan.disks for each in _shrink_actions(disk)),
        *(_save(each) for each in real),
        *(_save_whole(each) for each in wiped),
        *(each for disk in real if disk.keep for each in _unboot_kept(disk, layers)),
        *(each for disk in erased for each in _unboot(disk, layers)),
        *(_wipe(each, layers) for each in erased),
        *(each for disk in plan.disks for each in _table_actions(disk, layers)),
    )


def format_actions(plan: StoragePlan) -> tuple[Action, ...]:
    """Make every volume and filesystem, and mount what the payload is extracted into."""
    return (
        *_volume_actions(plan),
        *_filesystem_actions(plan),
        *(each for disk in plan.disks for each in _grow_actions(disk)),
        *_mount_actions(plan),
    )


def _save(disk: PlannedDisk) -> SaveDisk:
    """Save the ends of the disk and of its partitions, the old and the new ones."""
    whole = _save_whole(disk.disk)
    new = (Area(start=each.start, size=each.size) for each in disk.partitions)
    return replace(whole, areas=(*whole.areas, *new), keeps=disk.keep)


def _save_whole(disk: Disk) -> SaveDisk:
    areas = (
        Area(start=0, size=disk.size, node=disk.path),
        *(Area(start=each.start, size=each.size, node=each.path) for each in disk.partitions),
    )
    return SaveDisk(disk=disk.path, size=disk.size, areas=areas)


def _unboot(disk: Disk, layers: tuple[Layer, ...]) -> Iterator[RemoveBootPath]:
    """What an erased disk could start goes first, on all disks: it may need another of them."""
    if disk.partitions or disk.table or disk.filesystem:
        yield RemoveBootPath(
            disk=disk.path,
            esps=_esps(disk.partitions),
            boot_code=True,
            held=_is_held(disk, layers),
        )


def _unboot_kept(disk: PlannedDisk, layers: tuple[Layer, ...]) -> Iterator[RemoveBootPath]:
    """The same with the ESPs that go from a disk that keeps others."""
    gone = (*disk.deleted, *(each.partition for each in disk.kept if each.overwritten))
    if esps := _esps(gone):
        yield RemoveBootPath(disk=disk.disk.path, esps=esps, held=_is_held(disk.disk, layers))


def _esps(partitions: tuple[Partition, ...]) -> tuple[str, ...]:
    """Those that firmware looks at: it starts from any FAT, whatever its partition's type."""
    return tuple(
        each.path
        for each in partitions
        if each.filesystem == ESP_FILESYSTEM or each.type_guid.lower() == ESP_TYPE
    )


def _wipe(disk: Disk, layers: tuple[Layer, ...]) -> WipeSignatures:
    partitions = tuple(each.path for each in disk.partitions)
    return WipeSignatures(disk=disk.path, partitions=partitions, held=_is_held(disk, layers))


def _is_held(disk: Disk, layers: tuple[Layer, ...]) -> bool:
    """Whether something lies on the disk now, which will have been stopped by then."""
    nodes = {disk.path, *(each.path for each in disk.partitions)}
    return any(nodes & set(each.parents) for each in layers if each.active)


def _shrink_actions(disk: PlannedDisk) -> Iterator[Action]:
    for each in disk.kept:
        if each.overwritten or each.new_size is None:
            continue
        if each.new_size < each.partition.size:
            yield _resize(each, each.new_size, grow=False)


def _grow_actions(disk: PlannedDisk) -> Iterator[Action]:
    for each in disk.kept:
        if each.overwritten or each.new_size is None:
            continue
        if each.new_size > each.partition.size:
            yield _resize(each, None, grow=True)


def _resize(kept: KeptPartition, size: int | None, *, grow: bool) -> ResizeFilesystem:
    there = kept.partition
    return ResizeFilesystem(volume=there.path, kind=there.filesystem, size=size, grow=grow)


def _table_actions(disk: PlannedDisk, layers: tuple[Layer, ...]) -> Iterator[Action]:
    path, sector = disk.disk.path, disk.disk.logical_sector
    if disk.keep:
        changes = tuple(
            (each.partition.number, each.new_size)
            for each in disk.kept
            if each.new_size is not None
        )
        deleted = tuple(each.number for each in disk.deleted)
        if disk.partitions or changes or deleted:
            yield AlterTable(
                disk=path,
                sector=sector,
                partitions=disk.partitions,
                delete=deleted,
                resize=changes,
                held=_is_held(disk.disk, layers),
            )
    elif disk.table is not None:
        yield WriteTable(
            disk=path,
            guid=disk.guid,
            sector=sector,
            kind=str(disk.table or TableKind.GPT),
            partitions=disk.partitions,
        )
    yield AttachPartitions(
        disk=path, reference=disk.reference, sector=sector, partitions=disk.partitions
    )
    used = tuple((each.reference, each.partition.path) for each in disk.kept if each.reference)
    if used:
        yield AttachExisting(references=used)


def _volume_actions(plan: StoragePlan) -> Iterator[Action]:
    """Each volume after all that it lies on."""
    made = {disk.reference for disk in plan.disks}
    for disk in plan.disks:
        made |= {each.reference for each in disk.partitions}
        made |= {each.reference for each in disk.kept}
    waiting: list[tuple[tuple[str, ...], tuple[str, ...], tuple[Action, ...]]] = [
        *(
            ((*each.members, *each.spares), (each.reference,),
             (CreateArray(reference=each.reference, name=each.name, level=each.level,
                          uuid=each.uuid, members=each.members, spares=each.spares),))
            for each in plan.arrays
        ),
        *(((each.volume,), (each.reference,), _encryption_actions(each))
          for each in plan.encrypted),
        *((each.members, tuple(volume.reference for volume in each.volumes),
           _group_actions(each)) for each in plan.groups),
    ]  # fmt: skip
    while waiting:
        ready = [each for each in waiting if set(each[0]) <= made]
        for _, references, actions in ready:
            yield from actions
            made |= set(references)
        waiting = [each for each in waiting if each not in ready]


def _encryption_actions(each: PlannedEncryption) -> tuple[Action, ...]:
    actions: list[Action] = [
        EncryptVolume(
            reference=each.reference,
            volume=each.volume,
            name=each.mapping,
            uuid=each.uuid,
            label=f"photon-{each.name}",
            passphrase=each.key,
            recovery=each.key == each.recovery_key,
            memory=each.memory,
        )
    ]
    if each.recovery_key is not None and each.recovery_key != each.key:
        actions.append(
            AddRecoveryKey(volume=each.volume, passphrase=each.key, recovery_key=each.recovery_key)
        )
    return tuple(actions)


def seal_actions(plan: StoragePlan) -> tuple[Action, ...]:
    """What the TPM will open; it must be known what the next start measures."""
    return tuple(
        SealToTpm2(volume=each.volume, passphrase=each.key, pcrs=each.tpm2_pcrs)
        for each in plan.encrypted
        if each.tpm2_pcrs is not None
    )


def _group_actions(group: PlannedGroup) -> tuple[Action, ...]:
    return (
        CreateVolumeGroup(name=group.name, members=group.members),
        *(
            CreateLogicalVolume(
                reference=each.reference,
                group=group.name,
                name=each.name,
                size=None if each.take_rest else each.size,
                kind=str(each.kind),
                pool=each.pool,
            )
            for each in group.volumes
        ),
    )


def _filesystem_actions(plan: StoragePlan) -> Iterator[Action]:
    for each in plan.filesystems:
        if not each.format:
            continue
        yield MakeFilesystem(
            volume=each.volume,
            kind=each.kind,
            uuid=each.uuid,
            label=each.label,
            options=each.make_options,
        )
        if each.subvolumes:
            yield MakeSubvolumes(volume=each.volume, names=each.subvolumes)


def mounted_paths(plan: StoragePlan) -> tuple[str, ...]:
    """Where filesystems are mounted while the host is installed, each after what holds it."""
    paths = [mount.path for each in plan.filesystems for mount in each.mounts]
    # The ESP is filled with mtools, at the very end.
    return tuple(sorted((path for path in paths if path != ESP_MOUNT), key=mount_order))


def _mount_actions(plan: StoragePlan) -> Iterator[Action]:
    for path in mounted_paths(plan):
        filesystem = next(each for each in plan.filesystems if each.mount_at(path))
        mount = filesystem.mount_at(path)
        options = _while_installing(mount_options(mount)) if mount else ()
        yield MountFilesystem(
            volume=filesystem.volume, kind=filesystem.kind, path=path, options=",".join(options)
        )
    for each in plan.filesystems:
        yield from _folder_actions(each)


def _while_installing(options: tuple[str, ...]) -> tuple[str, ...]:
    """Without those that would keep the host from being written, and scripts in it from running."""
    return tuple(each for each in options if each not in {"ro", "noexec"}) or ("defaults",)


def _folder_actions(filesystem: PlannedFilesystem) -> Iterator[Action]:
    for folder, place in filesystem.binds:
        top = filesystem.mounts[0].path.rstrip("/")
        yield MakeFolder(path=f"{top}/{folder}", mode=0o710)
        yield MakeFolder(path=place, mode=0o710)
        yield BindFolder(folder=f"{top}/{folder}", path=place)
