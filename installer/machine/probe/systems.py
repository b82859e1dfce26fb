"""Which operating system a partition holds, by what can be told without mounting it."""

from __future__ import annotations

import re
import shlex
from collections.abc import Set as AbstractSet
from dataclasses import replace

from installer.errors import CommandFailed
from installer.filesystems import OfflineTools, filesystem_type
from installer.machine.facts import Disk, Partition
from installer.system.runner import Runner
from ks_schema.wording import printable

_WINDOWS_RESERVED = "e3c9e316-0b5c-4db8-817d-f92df00215ae"
_WINDOWS_RECOVERY = "de94bba4-06d1-4d40-a16a-bfd50179d6ac"
# https://uapi-group.org/specifications/specs/discoverable_partitions_specification/
_LINUX_ROOTS = {
    "4f68bce3-e8cd-4db1-96e7-fbcaf984b709",  # x86-64
    "b921b045-1df0-41c3-af44-4c6f280d3fae",  # arm64
    "44479540-f297-41b2-9af7-d131d5f0458a",  # x86
}
_LINUX_LABELS = {
    "cloudimg-rootfs": "Ubuntu",
    "fedora": "Fedora",
    "photon-root": "Photon",
    "root": "Linux",
    "rootfs": "Linux",
}
# /etc/os-release is a link to it, which debugfs does not follow.
_OS_RELEASE = "/usr/lib/os-release"
_LONGEST_NAME = 60
_TIMEOUT_SECONDS = 20.0


def operating_system(
    *, type_guid: str, filesystem: str, label: str, other_types: AbstractSet[str]
) -> str:
    """The system's name for people, "" when nothing hints at one.

    ``other_types`` are the types of all partitions of the disk, in lower case.
    """
    match filesystem:
        case "BitLocker":
            return "Windows (BitLocker)"
        case "ntfs" if type_guid == _WINDOWS_RECOVERY:
            return "Windows recovery"
        case "ntfs" if _WINDOWS_RESERVED in other_types or label == "Windows":
            return "Windows"
        case "apfs" | "hfsplus":
            return "macOS"
        case other if filesystem_type(other).holds_linux:
            return _LINUX_LABELS.get(label, "Linux" if type_guid in _LINUX_ROOTS else "")
        case _:
            return ""


def with_system_names(runner: Runner, disk: Disk) -> Disk:
    """The disk with the names that the systems on it give themselves, unless it is in use."""
    if disk.in_use:
        return disk
    partitions = tuple(
        replace(each, operating_system=_own_name(runner, each) or each.operating_system)
        for each in disk.partitions
    )
    return replace(disk, partitions=partitions)


def release_name(os_release: str) -> str:
    """The system's name for people, from the text of its ``os-release``; "" when it has none.

    https://www.freedesktop.org/software/systemd/man/latest/os-release.html
    """
    line = re.search(r"^PRETTY_NAME=(.+)$", os_release, re.MULTILINE)
    if line is None:
        return ""
    try:
        name = " ".join(shlex.split(line[1]))
    except ValueError:  # a quotation mark too few
        return ""
    return printable(name)[:_LONGEST_NAME]


def _own_name(runner: Runner, partition: Partition) -> str:
    """debugfs opens read-only unless it is asked to write, and replays no journal."""
    if filesystem_type(partition.filesystem).tools is not OfflineTools.E2FSPROGS:
        return ""
    command = ["debugfs", "-R", f"cat {_OS_RELEASE}", partition.path]
    try:
        return release_name(runner.run(command, timeout=_TIMEOUT_SECONDS))
    except CommandFailed:
        return ""
