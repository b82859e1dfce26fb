"""Which disk a selector means: exactly one, fit to be written to, or the reasons why not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from installer.config.model import DiskMatch, DiskSelector, InstallConfig, Pick
from installer.config.storage import Storage
from installer.machine import IMAGE_TRANSPORT, Disk
from installer.plan.matching import attributes_text, differences, match_text
from installer.plan.model import disk_text
from installer.plan.storage.resolve import used_disks
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


@dataclass(frozen=True, slots=True, kw_only=True)
class ChosenDisks:
    """The disks to use, by their names in the kickstart, and those that are only erased."""

    used: Mapping[str, Disk]
    wiped: tuple[Disk, ...]
    notes: tuple[str, ...]


def chosen_disks(
    config: InstallConfig, disks: tuple[Disk, ...]
) -> ChosenDisks | tuple[Problem, ...]:
    """What the selectors mean: each exactly one disk, and no two the same."""
    selectors = {each.name: each for each in config.disks}
    names = _used_names(config.storage, tuple(selectors))
    found: dict[str, Disk] = {}
    problems: list[Problem] = []
    for name in (*names, *config.storage.wipe):
        disk = select_disk(selectors[name], disks)
        if isinstance(disk, Problem):
            problems.append(disk)
        elif disk not in found.values():
            found[name] = disk
        elif disk.transport != IMAGE_TRANSPORT or name in names:
            problems.append(_meant_twice(name, disk))
    if problems:
        return tuple(problems)
    return ChosenDisks(
        used={name: found[name] for name in names},
        wiped=tuple(found[name] for name in config.storage.wipe if name in found),
        notes=tuple(note for name in names for note in _disk_notes(selectors[name], found[name])),
    )


def _used_names(storage: Storage, names: tuple[str, ...]) -> tuple[str, ...]:
    if storage.nouns is not None:
        return used_disks(storage.nouns, names)
    containers = storage.containers.disk if storage.containers else None
    return (storage.disk, *storage.mirror, *([containers] if containers else []))


def _meant_twice(name: str, disk: Disk) -> Problem:
    if disk.transport == IMAGE_TRANSPORT:
        message = "an image stands for one disk, and the layout uses several"
        hint = "install onto a machine, or use a layout on one disk"
        return Problem(pointer="/storage", message=message, hint=hint)
    return Problem(
        pointer=f"/disks/{name}",
        message=f"{disk_text(disk)} is meant twice",
        hint="each disk has one name; describe them so that they are different",
    )


def _disk_notes(selector: DiskSelector, disk: Disk) -> tuple[str, ...]:
    """Which disk was meant, when the kickstart only describes it."""
    if selector.match is None or disk.transport == IMAGE_TRANSPORT:
        return ()
    which = f"the {selector.pick} one" if selector.pick else "the one disk"
    return (f"disk {disk.path}: {which} that is as described ({match_text(selector.match)})",)


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
