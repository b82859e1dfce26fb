"""What an installation takes away: a line for everything that is on the disks now."""

from __future__ import annotations

from dataclasses import replace

from installer.machine.facts import Disk, Layer, LayerKind
from installer.machine.layers import layer_text
from installer.machine.text import disk_text
from installer.plan.storage.model import PlannedDisk, StoragePlan
from installer.sizes import format_size


def lost_disks(storage: StoragePlan) -> tuple[Disk, ...]:
    """The disks that lose something, each with only those partitions that are lost."""
    return tuple(
        _what_is_lost(each)
        for each in storage.disks
        if not each.keep or _what_is_lost(each).partitions
    )


def losses(disks: tuple[Disk, ...], layers: tuple[Layer, ...]) -> tuple[str, ...]:
    """A line for each thing on the disks (:func:`lost_disks`); ``layers`` lie on them."""
    named = len(disks) > 1
    return (
        *(line for disk in disks for line in _of_disk(disk, named=named)),
        *(_layer_loss(layer) for layer in layers if layer.kind is not LayerKind.SWAP),
    )


def _what_is_lost(planned: PlannedDisk) -> Disk:
    if not planned.keep:
        return planned.disk
    lost = [*planned.deleted]
    lost += [each.partition for each in planned.kept if each.overwritten]
    by_number = sorted(lost, key=lambda partition: partition.number)
    return replace(planned.disk, partitions=tuple(by_number), table="", filesystem="")


def _of_disk(disk: Disk, *, named: bool) -> tuple[str, ...]:
    lines = _disk_losses(disk)
    whole = bool(disk.table or disk.filesystem) or not disk.partitions
    return (f"all of {disk_text(disk)}", *lines) if named and whole else lines


def _layer_loss(layer: Layer) -> str:
    state = "" if layer.active or layer.kind is LayerKind.POOL else ", not active"
    content = f", with {', '.join(layer.devices)}" if layer.devices else ""
    return f"{layer_text(layer)} on {', '.join(layer.parents)}{content}{state}"


def _disk_losses(disk: Disk) -> tuple[str, ...]:
    """A line for everything that is on the disk now."""
    lines = [
        " ".join(
            part
            for part in (
                f"{each.path}:",
                format_size(each.size),
                each.filesystem or "unrecognized data",
                f'"{each.label or each.name}"' if each.label or each.name else "",
                f"({each.operating_system})" if each.operating_system else "",
            )
            if part
        )
        for each in disk.partitions
    ]
    if not lines and disk.filesystem:
        label = f' "{disk.label}"' if disk.label else ""
        lines.append(f"{disk.path}: {disk.filesystem}{label} on the whole disk")
    elif not lines and disk.table:
        lines.append(f"{disk.path}: an empty {disk.table} partition table")
    return tuple(lines)
