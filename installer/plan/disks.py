"""Which disk a selector means: exactly one, fit to be written to, or the reasons why not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from installer.config.disks import DiskMatch, DiskSelector, Pick
from installer.config.kickstart import InstallConfig
from installer.config.storage import Storage
from installer.machine.facts import IMAGE_TRANSPORT, Disk, Layer, LeftOut, Machine
from installer.machine.layers import disks_under
from installer.machine.pools import is_firmware_member
from installer.machine.text import disk_text
from installer.plan.matching import attributes_text, differences, match_text
from installer.plan.storage.resolve import used_disks
from installer.sources.forms import KICKSTART_LABELS
from ks_schema.problem import Problem


def select_disk(
    selector: DiskSelector,
    disks: tuple[Disk, ...],
    layers: tuple[Layer, ...] = (),
    left_out: tuple[LeftOut, ...] = (),
) -> Disk | Problem:
    """The one disk that a selector means, or what is wrong with it.

    ``layers`` and ``left_out`` are what else somebody may take for a disk.
    """
    image = next((disk for disk in disks if disk.transport == IMAGE_TRANSPORT), None)
    if image and not unfit_reason(image):
        # It stands for a disk that is not here yet.
        return image
    if selector.match is not None:
        return _matched(selector, selector.match, disks)
    found = _named(selector, disks)
    if isinstance(found, Problem):
        return _no_disk(selector, disks, layers, left_out) or found
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class ChosenDisks:
    """The disks to use, by their names in the kickstart, and those that are only erased."""

    used: Mapping[str, Disk]
    wiped: tuple[Disk, ...]
    notes: tuple[str, ...]


def chosen_disks(config: InstallConfig, machine: Machine) -> ChosenDisks | tuple[Problem, ...]:
    """What the selectors mean: each exactly one disk, and no two the same."""
    selectors = {each.name: each for each in config.disks}
    names = _used_names(config.storage, tuple(selectors))
    found: dict[str, Disk] = {}
    problems: list[Problem] = []
    for name in (*names, *config.storage.wipe):
        disk = select_disk(selectors[name], machine.disks, machine.layers, machine.left_out)
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
    if storage.custom is not None:
        return used_disks(storage.custom, names)
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


def kickstart_reason(disk: Disk) -> str:
    """Why the disk is only installed onto when it is named outright; "" when there is no reason."""
    label = next((each for each in _labels(disk) if each.upper() in KICKSTART_LABELS), "")
    if label:
        return f"it holds a volume for kickstarts ({label})"
    return "the kickstart was read from it" if disk.kickstart else ""


def with_kickstart_source(disks: tuple[Disk, ...], label: str) -> tuple[Disk, ...]:
    """The disks, marked where they hold a volume of that label; "" marks none."""
    return tuple(
        replace(disk, kickstart=True) if label and _has_label(disk, label) else disk
        for disk in disks
    )


def missing_disks(selectors: tuple[DiskSelector, ...], disks: tuple[Disk, ...]) -> str:
    """The disks that are wanted and not there yet, for people; "" when nothing is missing.

    One that is only described is there when a disk fits the description that no other selector
    means. Without selectors, one disk that can be used is enough.
    """
    if not selectors:
        usable = any(not (unfit_reason(disk) or kickstart_reason(disk)) for disk in disks)
        return "" if usable else "a disk that can be used"
    named_first = sorted(selectors, key=lambda each: each.match is not None)
    taken: list[Disk] = []
    missing: list[str] = []
    for selector in named_first:
        found = select_disk(selector, disks)
        if not _meant(selector, disks) or (selector.match is not None and found in taken):
            missing.append(_selector_text(selector))
        elif isinstance(found, Disk):
            taken.append(found)
    return ", ".join(missing)


def _meant(selector: DiskSelector, disks: tuple[Disk, ...]) -> list[Disk]:
    """Every disk that the selector might mean, one that is named outright even if it is unfit."""
    if selector.match is not None:
        return _fitting(selector.match, disks)
    if selector.serial is not None:
        return [disk for disk in disks if disk.serial == selector.serial]
    return [disk for disk in disks if selector.device in {disk.path, *disk.links}]


def _fitting(match: DiskMatch, disks: tuple[Disk, ...]) -> list[Disk]:
    return [disk for disk in disks if not _undescribed(disk) and not differences(match, disk)]


def _undescribed(disk: Disk) -> str:
    """Why a description never means the disk; "" when it may."""
    if reason := unfit_reason(disk):
        return reason
    reason = kickstart_reason(disk)
    return f'{reason}, so that only "device" or "serial" can mean it' if reason else ""


def _selector_text(selector: DiskSelector) -> str:
    if selector.match is not None:
        return f"a disk that is as described ({match_text(selector.match)})"
    return selector.serial or selector.device or ""


def _has_label(disk: Disk, label: str) -> bool:
    return label.upper() in {each.upper() for each in _labels(disk)}


def _labels(disk: Disk) -> tuple[str, ...]:
    return (disk.label, *(each.label for each in disk.partitions))


def _no_disk(
    selector: DiskSelector,
    disks: tuple[Disk, ...],
    layers: tuple[Layer, ...],
    left_out: tuple[LeftOut, ...],
) -> Problem | None:
    """What is wrong with a device that is there, but is not a disk."""
    pointer, device = f"/disks/{selector.name}/device", selector.device or ""
    for layer in layers:
        if device in layer.devices:
            return _on_a_layer(pointer, device, disks_under(layer, disks, layers), disks)
    reason = next((each.reason for each in left_out if each.path == device), "")
    if not reason:
        return None
    message = f"{device} cannot be installed onto: it is {reason}"
    return Problem(pointer=pointer, message=message, hint=_candidates(disks))


def _on_a_layer(pointer: str, device: str, under: set[str], disks: tuple[Disk, ...]) -> Problem:
    """``under`` are the paths of the disks that the device is on."""
    names = ", ".join(sorted(under))
    if any(is_firmware_member(disk) for disk in disks if disk.path in under):
        message = f"{device} is an array of the firmware, which cannot be installed onto"
        hint = (
            "switch the firmware from RAID to AHCI, or give up its array: name its disks "
            f'({names}) and use "mirror"'
        )
        return Problem(pointer=pointer, message=message, hint=hint)
    message = f"{device} is not a disk; it is on {names}"
    hint = f'name {names}, and say in "storage" what is made of it'
    return Problem(pointer=pointer, message=message, hint=hint)


def _named(selector: DiskSelector, disks: tuple[Disk, ...]) -> Disk | Problem:
    """The disk with that path or serial number. One that is named but unfit is told of as such."""
    key = "device" if selector.serial is None else "serial"
    pointer, wanted = f"/disks/{selector.name}/{key}", _selector_text(selector)
    found = _meant(selector, disks)
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
    found = _fitting(match, disks)
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
        f"{disk_text(disk)}: {_undescribed(disk) or ', '.join(differences(match, disk))}"
        for disk in disks
    ]
    return "; ".join(lines) or "this machine has no disk"


def _candidates(disks: tuple[Disk, ...]) -> str:
    fit = [disk for disk in disks if not _undescribed(disk)]
    free = [disk for disk in fit if not is_firmware_member(disk)]
    if free:
        return f"disks that could be used: {_list(free)}"
    if fit:
        return (
            f"{_list(fit)} belong to an array of the firmware: switch it from RAID to AHCI, or "
            'erase them together ("mirror" or "wipe")'
        )
    return "no disk can be used"


def _list(disks: list[Disk]) -> str:
    return "; ".join(disk_text(disk) for disk in disks)
