"""Partition tables and signatures on loop devices, with sectors of 512 and 4096 bytes."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from installer.machine.disk_table import read_table, verify_table
from installer.machine.partition_table import TableEntry
from installer.machine.probe.disks import probe_disks
from installer.system.run import ProcessRunner

pytestmark = [
    pytest.mark.disk,
    pytest.mark.skipif(os.geteuid() != 0, reason="loop devices need root"),
]
MIB = 1 << 20
ROOT = "4f68bce3-e8cd-4db1-96e7-fbcaf984b709"


@pytest.fixture(params=[512, 4096])
def loop(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Path, int]]:
    """A loop device and its sector size."""
    backing = tmp_path / "disk.img"
    backing.touch()
    os.truncate(backing, 64 * MIB)
    command = ["losetup", "--find", "--show", f"--sector-size={request.param}", str(backing)]
    device = subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
    yield Path(device), request.param
    subprocess.run(["losetup", "--detach", device], check=True)


def test_a_table_on_a_device_is_what_sfdisk_was_told(loop: tuple[Path, int]) -> None:
    device, sector = loop
    subprocess.run(
        ["sfdisk", "--quiet", "--no-reread", "--no-tell-kernel", device],
        input=f"label: gpt\nstart={MIB // sector},size={8 * MIB // sector},type={ROOT},name=root\n",
        text=True,
        check=True,
    )
    table = read_table(device)
    assert (table.sector, table.alignment) == (sector, MIB)
    entry = TableEntry(number=1, start=MIB, size=8 * MIB, type_id=ROOT, name="root")
    verify_table(device, [entry])


def test_a_loop_device_is_no_candidate(loop: tuple[Path, int]) -> None:
    device, _ = loop
    devices = probe_disks(ProcessRunner(lambda _: None))
    assert str(device) not in [disk.path for disk in devices.disks]
    assert (str(device), "a loop device") in [(each.path, each.reason) for each in devices.left_out]
