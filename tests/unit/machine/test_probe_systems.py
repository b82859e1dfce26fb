"""Systems tell their own names, from filesystems that nobody mounts."""

import os
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from installer.machine.facts import Partition
from installer.machine.probe.systems import release_name, with_system_names
from installer.sizes import MIB
from installer.system.run import ProcessRunner
from tests.engine import machine

DEBIAN = "Debian GNU/Linux 13 (trixie)"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (f'ID=debian\nPRETTY_NAME="{DEBIAN}"\n', DEBIAN),
        ("PRETTY_NAME=Alpine\n", "Alpine"),
        ("PRETTY_NAME='it'\\''s'\n", "it's"),
        ("NAME=Debian\n", ""),
        ("", ""),
        ('PRETTY_NAME="open\n', ""),
        ('PRETTY_NAME="\x1b[2Jgone\a"\n', r"\u001b[2Jgone\u0007"),
        (f"PRETTY_NAME={'x' * 99}\n", "x" * 60),
    ],
)
def test_the_name_in_an_os_release(text: str, name: str) -> None:
    assert release_name(text) == name


@pytest.fixture
def volume(tmp_path: Path) -> Partition:
    """An ext4 in a file, with the root of a Debian."""
    if shutil.which("mkfs.ext4") is None:
        pytest.skip("mkfs.ext4 is not here")
    release = tmp_path / "root/usr/lib/os-release"
    release.parent.mkdir(parents=True)
    release.write_text(f'PRETTY_NAME="{DEBIAN}"\n')
    path = tmp_path / "volume"
    path.touch()
    os.truncate(path, 16 * MIB)
    command = ["mkfs.ext4", "-q", "-F", "-d", str(tmp_path / "root"), str(path)]
    subprocess.run(command, check=True, capture_output=True)
    return Partition(
        path=str(path),
        number=1,
        start=MIB,
        size=16 * MIB,
        filesystem="ext4",
        operating_system="Linux",
    )


def name_of(partition: Partition, *, in_use: str = "") -> str:
    disk = machine("empty-virtio").disks[0]
    disk = replace(disk, partitions=(partition,), in_use=in_use)
    named = with_system_names(ProcessRunner(lambda _: None), disk)
    return named.partitions[0].operating_system


def test_a_debian_on_ext4(volume: Partition) -> None:
    before = Path(volume.path).stat().st_mtime_ns
    assert name_of(volume) == DEBIAN
    assert Path(volume.path).stat().st_mtime_ns == before


def test_disks_in_use_and_other_filesystems_are_not_asked(volume: Partition) -> None:
    assert name_of(volume, in_use="mounted at /") == "Linux"
    assert name_of(replace(volume, filesystem="xfs")) == "Linux"


def test_what_cannot_be_read_keeps_the_guess(volume: Partition) -> None:
    Path(volume.path).write_bytes(bytes(MIB))
    assert name_of(volume) == "Linux"
