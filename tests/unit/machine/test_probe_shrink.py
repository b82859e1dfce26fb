"""How far filesystems could be shrunk: by their own tools, on image files that stay as they are."""

import os
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from installer.machine.facts import Disk, Partition
from installer.machine.probe.shrink import smallest_size, with_minimums
from installer.sizes import GIB, MIB
from installer.system.run import ProcessRunner
from tests.engine import machine

SIZE = 4 * GIB
TOOLS = {
    "ext4": ("mkfs.ext4", "-q", "-F"),
    "ntfs": ("mkntfs", "-q", "-F", "-f", "-s", "512", "-p", "0", "-H", "0", "-S", "0"),
    "btrfs": ("mkfs.btrfs", "-q"),
    "vfat": ("mkfs.vfat",),
}


def filesystem(folder: Path, kind: str) -> Partition:
    """A new filesystem in a sparse file."""
    make, *options = TOOLS[kind]
    for tool in (make, *(["ntfsresize"] if kind == "ntfs" else [])):
        if shutil.which(tool) is None:
            pytest.skip(f"{tool} is not here")
    path = folder / "volume"
    path.touch()
    os.truncate(path, SIZE)
    # The size comes last for mkntfs, which does not ask a file for it.
    size = [str(SIZE // 512)] if kind == "ntfs" else []
    subprocess.run([make, *options, path, *size], check=True, capture_output=True)
    return Partition(path=str(path), number=1, start=MIB, size=SIZE, filesystem=kind)


def smallest(partition: Partition) -> int:
    """The answer, for which nothing was written."""
    before = Path(partition.path).stat().st_mtime_ns
    size = smallest_size(ProcessRunner(lambda _: None), partition)
    assert Path(partition.path).stat().st_mtime_ns == before
    return size


@pytest.mark.parametrize(
    ("kind", "least", "most"),
    [
        ("ext4", 4 * MIB, 400 * MIB),
        ("ntfs", 4 * MIB, 400 * MIB),
        ("btrfs", 2 * GIB, 3 * GIB),
        ("vfat", 0, 0),
    ],
)
def test_an_empty_filesystem(tmp_path: Path, kind: str, least: int, most: int) -> None:
    assert least <= smallest(filesystem(tmp_path, kind)) <= most


def test_an_ext4_shrinks_to_what_was_said(tmp_path: Path) -> None:
    partition = filesystem(tmp_path, "ext4")
    size = smallest(partition) // 1024
    subprocess.run(["e2fsck", "-f", "-p", partition.path], check=True, capture_output=True)
    command = ["resize2fs", partition.path, f"{size}K"]
    subprocess.run(command, check=True, capture_output=True)


def test_a_journal_that_was_not_finished_is_left_alone(tmp_path: Path) -> None:
    partition = filesystem(tmp_path, "ext4")
    command = ["debugfs", "-w", "-R", "feature needs_recovery", partition.path]
    subprocess.run(command, check=True, capture_output=True)
    assert smallest(partition) == 0


def test_a_volume_that_windows_wants_to_check_is_left_alone(tmp_path: Path) -> None:
    partition = filesystem(tmp_path, "ntfs")
    subprocess.run(["ntfsfix", partition.path], check=True, capture_output=True)
    assert smallest(partition) == 0


def test_what_cannot_become_smaller_has_no_minimum(tmp_path: Path) -> None:
    assert smallest(replace(filesystem(tmp_path, "btrfs"), size=2 * GIB)) == 0


@pytest.mark.parametrize("kind", ["ext4", "ntfs", "btrfs"])
def test_what_is_no_such_filesystem_has_no_minimum(tmp_path: Path, kind: str) -> None:
    (tmp_path / "volume").write_bytes(bytes(MIB))
    path = str(tmp_path / "volume")
    assert smallest(Partition(path=path, number=1, start=0, size=MIB, filesystem=kind)) == 0


def test_only_disks_that_are_not_in_use_are_asked(tmp_path: Path) -> None:
    partition = filesystem(tmp_path, "ext4")
    disk = replace(machine("empty-virtio").disks[0], partitions=(partition,))
    runner = ProcessRunner(lambda _: None)
    assert _minimum(with_minimums(runner, disk)) > 0
    assert _minimum(with_minimums(runner, replace(disk, in_use="mounted at /"))) == 0


def _minimum(disk: Disk) -> int:
    return disk.partitions[0].minimum
