"""A disk that does not keep what is written to it is named, wherever it fails."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from installer.errors import ExitCode
from installer.sizes import GIB, MIB
from tests.vm.case import Case
from tests.vm.guest import end_of_installation
from tests.vm.http_server import HttpServer
from tests.vm.qemu import Firmware, VmConfig, write_faults
from tests.vm.virtual_machine import VirtualMachine

pytestmark = [pytest.mark.vm(seconds=100)]
CASE = Case(name="io-error")
SIZE = 8 * GIB
SECTOR = 512
# The layout of the kickstart: the BIOS boot partition from 1 MiB on, the ESP, then the root.
ESP = 2 * MIB
ROOT = ESP + 512 * MIB
# Where a write fails, in bytes from the beginning of the disk, and what is being done then.
PLACES: dict[str, tuple[tuple[int, ...], str]] = {
    "table": ((SECTOR,), "could not write a GPT partition table"),
    "second-table": ((SIZE - SECTOR,), "could not write a GPT partition table"),
    "superblock": ((ROOT + 1024,), "could not make ext4 on partition/root"),
    # Behind the tables of inodes, beside the copies of the superblock (in multiples of 128 MiB),
    # and so far apart that some file is on one of them; the kernel may be some time in saying so.
    "payload": (
        tuple(range(ROOT + 64 * MIB + MIB // 2, ROOT + 1800 * MIB, MIB)),
        "(?!could not make)",
    ),
    # Behind both FATs and the root directory: in a program that the firmware starts.
    "esp": (tuple(range(ESP + 3 * MIB, ESP + 5 * MIB, MIB)), "could not write shim"),
}


@pytest.mark.parametrize("place", PLACES)
def test_io_error(medium: Path, place: str) -> None:
    disk = CASE.disk(size=SIZE)
    offsets, doing = PLACES[place]
    faults = write_faults(CASE.work / "faults.conf", (offset // SECTOR for offset in offsets))
    with HttpServer(CASE.source) as server:
        config = VmConfig(
            name=CASE.name,
            firmware=Firmware.BIOS,
            disks=(replace(disk, faults=faults),),
            cdrom=medium,
            kernel=CASE.kernel(medium, f"photon.ks={server.url('kickstart.json')}"),
        )
        with VirtualMachine(config, label=place) as vm:
            code = end_of_installation(vm, timeout=400)
            vm.note(f"{place}: exit {code}")
            said = vm.last_lines(60)
    assert code == ExitCode.COMMAND, said
    flat = re.sub(r"\s+", " ", said)
    named = r"/dev/vda \(serial PHOTON0, 8 GiB\) (gives I/O errors|did not write everything): "
    assert re.search(named + doing, flat), said
    assert "Replace it" in flat, said
