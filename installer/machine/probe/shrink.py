"""How far a filesystem could be shrunk, by what its tools tell without mounting or changing it."""

from __future__ import annotations

import re
from dataclasses import replace

from installer.errors import CommandFailed
from installer.filesystems import OfflineTools, filesystem_type
from installer.machine.facts import Disk, Partition
from installer.sizes import GIB
from installer.system.runner import Runner

# Reading all the metadata of a large filesystem takes a while; a person waits for it.
_TIMEOUT_SECONDS = 60.0
# btrfs shrinks by moving chunks, each into a new one: two of a gigabyte for its own data (DUP).
# https://btrfs.readthedocs.io/en/latest/btrfs-inspect-internal.html (min-dev-size needs a mount)
_BTRFS_ROOM = 2 * GIB


def with_minimums(runner: Runner, disk: Disk) -> Disk:
    """The disk with what each of its filesystems could be shrunk to, unless it is in use."""
    if disk.in_use:
        return disk
    partitions = tuple(
        replace(each, minimum=smallest_size(runner, each)) for each in disk.partitions
    )
    return replace(disk, partitions=partitions)


def smallest_size(runner: Runner, partition: Partition) -> int:
    """Bytes that the partition's filesystem could be shrunk to; 0 when that cannot be told.

    Filesystems that were not left in order refuse to tell, and that is right: whoever started them
    last has to finish first.
    """
    try:
        size = _size_by(filesystem_type(partition.filesystem).tools, runner, partition.path)
    except CommandFailed:  # the runner has logged why
        return 0
    return size if size < partition.size else 0


def _size_by(tools: OfflineTools | None, runner: Runner, path: str) -> int:
    match tools:
        case OfflineTools.E2FSPROGS:
            return _ext_size(runner, path)
        case OfflineTools.NTFS_3G:
            return _ntfs_size(runner, path)
        case OfflineTools.BTRFS_PROGS:
            return _btrfs_size(runner, path)
        case None:
            return 0


def _ext_size(runner: Runner, path: str) -> int:
    """resize2fs asks for e2fsck when the journal is not empty, and opens read-only for ``-P``."""
    blocks = _number(
        r"^Estimated minimum size of the filesystem: (\d+)", _run(runner, "resize2fs", "-P", path)
    )
    return blocks * _number(r"^Block size: +(\d+)", _run(runner, "dumpe2fs", "-h", path))


def _ntfs_size(runner: Runner, path: str) -> int:
    """Without ``--force``, a volume that Windows wants to check is an error."""
    text = _run(runner, "ntfsresize", "--info", "--no-action", "--no-progress-bar", path)
    return _number(r"^You might resize at (\d+) bytes", text)


def _btrfs_size(runner: Runner, path: str) -> int:
    """What is allocated to chunks, and room to move them. 0 when it lies on several devices."""
    text = _run(runner, "btrfs", "inspect-internal", "dump-super", path)
    if _number(r"^num_devices\s+(\d+)", text) != 1:
        return 0
    allocated = _number(r"^dev_item\.bytes_used\s+(\d+)", text)
    return allocated + _BTRFS_ROOM if allocated else 0


def _run(runner: Runner, *argv: str) -> str:
    return runner.run(argv, timeout=_TIMEOUT_SECONDS)


def _number(pattern: str, text: str) -> int:
    found = re.search(pattern, text, re.MULTILINE)
    return int(found[1]) if found else 0
