"""Which disk a selector means: exactly one, fit to be written to, or the reasons why not."""

from __future__ import annotations

from collections.abc import Mapping

from installer.config.model import DiskMatch, DiskSelector, Pick
from installer.machine import IMAGE_TRANSPORT, Disk
from installer.plan.matching import attributes_text, differences, match_text
from installer.plan.model import disk_text
from ks_schema.problem import Problem


def select_disk(selector: DiskSelector, disks: tuple[Disk, ...]) -> Disk | Problem:
    """The one disk that a selector means, or what is wrong with it."""
    image = next((disk for disk in disks if disk.transport == IMAGE_TRANSPORT), None)
    if image and not unfit_reason(image):
        # It stands for a disk that is not here yet.
        return image
    if selector.match is not None:
        return _matched(selector, selector.match, disks)
    return _named(selector, disks)


def wiped_disks(
    names: tuple[str, ...],
    selectors: Mapping[str, DiskSelector],
    disks: tuple[Disk, ...],
    target: Disk,
) -> tuple[tuple[Disk, ...], tuple[Problem, ...]]:
    """The further disks to erase, and what is wrong with those that cannot be told or used."""
    found: list[Disk] = []
    problems: list[Problem] = []
    for index, name in enumerate(names):
        disk = select_disk(selectors[name], disks)
        if isinstance(disk, Problem):
            problems.append(disk)
        elif disk in {target, *found} and disk.transport != IMAGE_TRANSPORT:
            message = f"{disk_text(disk)} is meant twice"
            hint = "each disk has one name; describe them so that they are different"
            pointer = f"/storage/wipe/{index}"
            problems.append(Problem(pointer=pointer, message=message, hint=hint))
        elif disk != target:
            found.append(disk)
    return tuple(found), tuple(problems)


def unfit_reason(disk: Disk) -> str:
    """Why a disk must not be installed onto; "" when it may be."""
    if disk.medium:
        return "the installer was started from it"
    if disk.read_only:
        return "it is read-only"
    return disk.in_use


def _named(selector: DiskSelector, disks: tuple[Disk, ...]) -> Disk | Problem:
    """The disk with that path or serial number. One that is named but unfit is told of as such."""
    if selector.serial is not None:
        pointer, wanted = f"/disks/{selector.name}/serial", selector.serial
        found = [disk for disk in disks if disk.serial == selector.serial]
    else:
        pointer, wanted = f"/disks/{selector.name}/device", selector.device or ""
        found = [disk for disk in disks if selector.device in {disk.path, *disk.links}]
    if not found:
        message = f"no disk matches {wanted}"
        return Problem(pointer=pointer, message=message, hint=_candidates(disks))
    if len(found) > 1:
        return Problem(
            pointer=pointer,
            message=f"{len(found)} disks match {wanted}: {_list(found)}",
            hint="name one of them by its device, best by a /dev/disk/by-path or by-id link",
        )
    if reason := unfit_reason(found[0]):
        return Problem(
            pointer=pointer,
            message=f"{disk_text(found[0])} cannot be used: {reason}",
            hint=_candidates(disks),
        )
    return found[0]


def _matched(selector: DiskSelector, match: DiskMatch, disks: tuple[Disk, ...]) -> Disk | Problem:
    """The disk that the description fits. Unfit disks are never meant."""
    found = [disk for disk in disks if not unfit_reason(disk) and not differences(match, disk)]
    if found and selector.pick is not None:
        found = _picked(selector.pick, found)
    if len(found) == 1:
        return found[0]
    pointer = f"/disks/{selector.name}/match"
    if not found:
        message = f"no disk is as described ({match_text(match)})"
        return Problem(pointer=pointer, message=message, hint=_why_none(match, disks))
    how = f" and the {selector.pick}" if selector.pick else ""
    described = "; ".join(f"{disk_text(disk)} {attributes_text(disk)}" for disk in found)
    hint = "say more about the one, such as its serial"
    return Problem(
        pointer=pointer,
        message=f"{len(found)} disks are as described ({match_text(match)}){how}: {described}",
        hint=hint if selector.pick else f'{hint}, or "pick" the smallest or the largest',
    )


def _picked(pick: Pick, disks: list[Disk]) -> list[Disk]:
    """The disks of the size that was asked for: more than one when they are alike."""
    sizes = [disk.size for disk in disks]
    size = min(sizes) if pick is Pick.SMALLEST else max(sizes)
    return [disk for disk in disks if disk.size == size]


def _why_none(match: DiskMatch, disks: tuple[Disk, ...]) -> str:
    lines = [
        f"{disk_text(disk)}: {unfit_reason(disk) or ', '.join(differences(match, disk))}"
        for disk in disks
    ]
    return "; ".join(lines) or "this machine has no disk"


def _candidates(disks: tuple[Disk, ...]) -> str:
    fit = [disk for disk in disks if not unfit_reason(disk)]
    return f"disks that could be used: {_list(fit)}" if fit else "there is no disk to use"


def _list(disks: list[Disk]) -> str:
    return "; ".join(disk_text(disk) for disk in disks)
