"""What an installation takes away: a line for everything that is on the disks now."""

from __future__ import annotations

from installer.machine import Disk, Layer, LayerKind
from installer.plan.layers import layer_text
from installer.plan.model import disk_text
from installer.sizes import format_size


def losses(disks: tuple[Disk, ...], layers: tuple[Layer, ...]) -> tuple[str, ...]:
    """A line for each thing on the disks; ``layers`` are those that lie on them.

    The first disk is the one to install onto; each further one is named as a whole.
    """
    target, *others = disks
    return (
        *_disk_losses(target),
        *(line for disk in others for line in (f"all of {disk_text(disk)}", *_disk_losses(disk))),
        *(_layer_loss(layer) for layer in layers if layer.kind is not LayerKind.SWAP),
    )


def _layer_loss(layer: Layer) -> str:
    state = "" if layer.active else ", not active"
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
                each.filesystem or "unknown content",
                f'"{each.label or each.name}"' if each.label or each.name else "",
                f"({each.operating_system})" if each.operating_system else "",
            )
            if part
        )
        for each in disk.partitions
    ]
    if not lines and disk.filesystem:
        lines.append(f"{disk.path}: {disk.filesystem} on the whole disk")
    elif not lines and disk.table:
        lines.append(f"{disk.path}: an empty {disk.table} partition table")
    return tuple(lines)
