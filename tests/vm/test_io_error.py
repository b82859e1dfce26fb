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

pytestmark = [pytest.mark.vm(seconds=120)]
CASE = Case(name="io-error")
SIZE = 8 * GIB
SECTOR = 512
# The layout of the kickstart: the BIOS boot partition from 1 MiB on, the ESP, then the root.
ESP = 2 * MIB
ROOT = ESP + 512 * MIB
# Where a write fails, in bytes from the beginning of the disk.
PLACES = {
    "table": (SECTOR,),
    "second-table": (SIZE - SECTOR,),
    "superblock": (ROOT + 1024,),
    # Behind the tables of inodes, and so far apart that some file is on one of them.
    "payload": tuple(range(ROOT + 64 * MIB, ROOT + 576 * MIB, MIB)),
    # Behind both FATs and the root directory: in a program that the firmware starts.
    "esp": tuple(range(ESP + 3 * MIB, ESP + 5 * MIB, MIB)),
}


@pytest.mark.parametrize("place", PLACES)
def test_io_error(medium: Path, place: str) -> None:
    disk = CASE.disk(size=SIZE)
    faults = write_faults(CASE.work / "faults.conf", (at // SECTOR for at in PLACES[place]))
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
    assert re.search(named, flat), said
    assert "Replace it" in flat, said
