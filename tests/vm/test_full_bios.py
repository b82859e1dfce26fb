"""The machine that VirtualBox presents, with the kickstart on a stick labelled PHOTONKS."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.vm.case import Case
from tests.vm.guest import Account, check_host, installed
from tests.vm.media import fat_volume
from tests.vm.qemu import Firmware, Hardware, VmConfig, VmDisk
from tests.vm.virtual_machine import VirtualMachine

pytestmark = [pytest.mark.vm, pytest.mark.once]
CASE = Case(name="full-bios")


def test_full_bios(medium: Path) -> None:
    disk = CASE.disk()
    stick = fat_volume(
        CASE.work / "stick.img", "PHOTONKS", {"photon.json": CASE.source / "kickstart.json"}
    )
    config = VmConfig(
        name=CASE.name,
        firmware=Firmware.BIOS,
        hardware=Hardware.VIRTUALBOX,
        disks=(disk, VmDisk(path=stick, serial="STICK")),
        cdrom=CASE.medium(medium, "photon.ks=label:PHOTONKS"),
    )
    with VirtualMachine(config, label="install") as vm:
        vm.expect(r"(?i)payload|unpack|extract", timeout=300, what="the installer at work")
        vm.screenshot(CASE.work / "vga-console.png")
        installed(vm, timeout=1500)
        vm.wait_exit(timeout=120, what="the restart")
    fine = check_host(
        replace(config, disks=(disk,)), Account(name="root", password="battery staple")
    )
    assert "static-v4" in fine
