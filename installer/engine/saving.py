"""Where something can be saved by a live system that runs from memory.

A place is a path (from ``/`` on), or a file on a volume that is mounted for the moment, like
``sdb1:photon.json``.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath

from installer.errors import CommandFailed
from installer.filesystems import filesystem_type
from installer.machine.facts import Disk, Machine
from installer.system.mounts import MOUNT_SECONDS, mounted_for_now, read_mounts
from installer.system.runner import Runner

_ON_VOLUME = re.compile(r"(?:/dev/)?([A-Za-z0-9_-]+):/*([^/].*)")
_IN_MEMORY = frozenset({"tmpfs", "ramfs", "rootfs", "devtmpfs", "overlay"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Volume:
    """A filesystem on a removable disk: the name of its device, and what people know it by."""

    name: str
    text: str


def removable_volumes(machine: Machine, without: Collection[str] = ()) -> tuple[Volume, ...]:
    """What can be written to and taken away; not on the disks ``without`` (paths)."""
    return tuple(
        volume
        for disk in machine.disks
        if (disk.removable or disk.transport == "usb")
        and disk.path not in without
        and not (disk.medium or disk.read_only or disk.in_use)
        for volume in _volumes(disk)
    )


def is_place(text: str) -> bool:
    """Whether the text is a path from / on, or a file on a volume."""
    if found := _ON_VOLUME.fullmatch(text):
        return ".." not in PurePosixPath(found[2]).parts and not text.endswith("/")
    return text.startswith("/") and not text.endswith("/")


def in_memory(place: str) -> bool:
    """Whether a restart loses what is saved there."""
    if _ON_VOLUME.fullmatch(place):
        return False
    directory = next(each for each in Path(place).absolute().parents if each.is_dir())
    kinds = {each.number: each.kind for each in read_mounts()}
    device = directory.stat().st_dev
    return kinds.get(f"{device >> 8 & 0xFFF}:{device & 0xFF}", "") in _IN_MEMORY


@contextmanager
def file_at(place: str, runner: Runner) -> Iterator[Path]:
    """The path to write to; a volume is mounted for as long as the block runs.

    :raises CommandFailed: it cannot be mounted, or what was written did not reach it.
    """
    found = _ON_VOLUME.fullmatch(place)
    if found is None:
        yield Path(place)
        return
    node, name = f"/dev/{found[1]}", found[2]
    mount = partial(_mount, node, runner)
    with mounted_for_now(mount, runner, prefix="photon-save-", above="/run") as directory:
        yield directory / name


def _mount(node: str, runner: Runner, directory: str) -> None:
    kind = runner.run(["lsblk", "-ndo", "FSTYPE", node], timeout=MOUNT_SECONDS).strip()
    options = ("rw", "nosuid", "nodev", "noexec", *filesystem_type(kind).private_options)
    try:
        runner.run(["mount", "-o", ",".join(options), node, directory], timeout=MOUNT_SECONDS)
    except CommandFailed as error:
        message = f"the volume {node} cannot be mounted for writing: {error.message}"
        raise CommandFailed(message, "Use another volume, or another partition of it.") from error


def _volumes(disk: Disk) -> Iterator[Volume]:
    held = [(each.path, each.filesystem, each.label) for each in disk.partitions]
    held = held or [(disk.path, disk.filesystem, "")]
    for path, kind, label in held:
        if filesystem_type(kind).holds_saved_files:
            called = f'"{label}", ' if label else ""
            text = f"{called}{kind}, {disk.model or 'unknown model'}"
            yield Volume(name=path.rpartition("/")[2], text=text)
