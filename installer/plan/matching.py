"""Whether a disk is what a kickstart describes, and if not, why not."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase

from installer.config.disks import DiskMatch
from installer.machine.facts import Disk
from installer.sizes import format_size


def differences(match: DiskMatch, disk: Disk) -> tuple[str, ...]:
    """What is not true of the disk, one short text each; nothing when it matches."""
    found = [*_name_differences(match, disk), *_kind_differences(match, disk)]
    if match.any_of and all(differences(each, disk) for each in match.any_of):
        found.append("it is none of any_of")
    return tuple(found)


def match_text(match: DiskMatch) -> str:
    """The description for people: ``transport nvme, at least 20 GiB``."""
    said = [
        f"{name} {value}"
        for name in ("serial", "wwn", "model", "transport", "path")
        if (value := getattr(match, name)) is not None
    ]
    said += [f"at least {format_size(match.size.min)}"] if match.size.min is not None else []
    said += [f"at most {format_size(match.size.max)}"] if match.size.max is not None else []
    said += [_kind(rotational=match.rotational)] if match.rotational is not None else []
    said += [_place(removable=match.removable)] if match.removable is not None else []
    if match.any_of:
        said.append(" or ".join(f"({match_text(each)})" for each in match.any_of))
    return ", ".join(said) or "any disk"


def attributes_text(disk: Disk) -> str:
    """What a match may ask for: transport, WWN, kind and partition table of the disk."""
    kind = _kind(rotational=disk.rotational)
    parts = (disk.transport, kind, "removable" if disk.removable else "", disk.wwn)
    return ", ".join(part for part in parts if part)


def _name_differences(match: DiskMatch, disk: Disk) -> Iterator[str]:
    if match.serial not in {None, disk.serial}:
        yield f"its serial is {disk.serial or 'not known'}"
    if match.wwn is not None and match.wwn.lower() != disk.wwn.lower():
        yield f"its WWN is {disk.wwn or 'not known'}"
    if match.model is not None and not fnmatchcase(disk.model, match.model):
        yield f"its model is {disk.model or 'not known'}"
    if match.path is not None and not any(
        fnmatchcase(path, match.path) for path in (disk.path, *disk.links)
    ):
        yield "none of its names is that path"


def _kind_differences(match: DiskMatch, disk: Disk) -> Iterator[str]:
    if match.transport not in {None, disk.transport}:
        yield f"its transport is {disk.transport or 'not known'}"
    if match.size.min is not None and disk.size < match.size.min:
        yield f"it has only {format_size(disk.size)}"
    if match.size.max is not None and disk.size > match.size.max:
        yield f"it has {format_size(disk.size)}"
    if match.rotational not in {None, disk.rotational}:
        yield f"it is {_kind(rotational=disk.rotational)}"
    if match.removable not in {None, disk.removable}:
        yield f"it is {_place(removable=disk.removable)}"


def _kind(*, rotational: bool) -> str:
    return "rotating" if rotational else "solid state"


def _place(*, removable: bool) -> str:
    return "removable" if removable else "not removable"
