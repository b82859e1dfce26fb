"""Which disk a selector means: exactly one, fit to be written to, or the reasons why not."""

from __future__ import annotations

from installer.config.model import DiskSelector
from installer.machine import Disk
from installer.plan.model import disk_text
from ks_schema.problem import Problem


def matching_disks(selector: DiskSelector, disks: tuple[Disk, ...]) -> tuple[Disk, ...]:
    """Every disk that a selector matches."""
    if selector.serial is not None:
        return tuple(disk for disk in disks if disk.serial == selector.serial)
    return tuple(disk for disk in disks if selector.device in {disk.path, *disk.links})


def select_disk(selector: DiskSelector, disks: tuple[Disk, ...]) -> Disk | Problem:
    """The one disk that a selector means, or what is wrong with it."""
    key = "device" if selector.serial is None else "serial"
    pointer = f"/disks/{selector.name}/{key}"
    wanted = selector.device if selector.serial is None else selector.serial
    found = matching_disks(selector, disks)
    if not found:
        return Problem(
            pointer=pointer, message=f"no disk matches {wanted}", hint=_candidates(disks)
        )
    if len(found) > 1:
        names = "; ".join(disk_text(disk) for disk in found)
        return Problem(
            pointer=pointer,
            message=f"{len(found)} disks match {wanted}: {names}",
            hint="name one of them by its device, best by a /dev/disk/by-path or by-id link",
        )
    reason = unfit_reason(found[0])
    if reason:
        return Problem(
            pointer=pointer,
            message=f"{disk_text(found[0])} cannot be used: {reason}",
            hint=_candidates(disks),
        )
    return found[0]


def unfit_reason(disk: Disk) -> str:
    """Why a disk must not be installed onto; "" when it may be."""
    if disk.medium:
        return "the installer was started from it"
    if disk.read_only:
        return "it is read-only"
    return disk.in_use


def _candidates(disks: tuple[Disk, ...]) -> str:
    fit = [disk_text(disk) for disk in disks if not unfit_reason(disk)]
    return f"disks that could be used: {'; '.join(fit)}" if fit else "there is no disk to use"
