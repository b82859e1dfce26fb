"""A disk that is only described comes late; the stick with the kickstart is there at once."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.vm.case import Case
from tests.vm.guest import end_of_installation
from tests.vm.media import digest, fat_volume
from tests.vm.qemu import Firmware, VmConfig, VmDisk
from tests.vm.virtual_machine import VirtualMachine

pytestmark = [pytest.mark.vm(seconds=130)]
CASE = Case(name="late-disk")


def test_late_disk(medium: Path) -> None:
    disk = replace(CASE.disk(), late=True)
    files = {"photon.json": CASE.source / "kickstart.json"}
    stick = VmDisk(path=fat_volume(CASE.work / "stick.img", "PHOTONKS", files))
    before = digest(stick.path)
    config = VmConfig(
        name=CASE.name,
        firmware=Firmware.BIOS,
        disks=(stick, disk),
        cdrom=medium,
        kernel=CASE.kernel(medium, ""),
    )
    with VirtualMachine(config, label="install") as vm:
        waiting = r"waiting for a disk that is as described \(any disk\)"
        vm.expect(waiting, timeout=240, what="the wait for a disk")
        vm.plug(1)
        code = end_of_installation(vm, timeout=400)
        vm.note(f"exit {code}")
        said = vm.last_lines(60)
    assert code == 0, said
    assert digest(stick.path) == before
    assert disk.path.stat().st_blocks > 0
