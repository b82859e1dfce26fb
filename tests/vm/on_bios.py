"""An unattended installation on BIOS, with the kickstart on a stick labelled PHOTONKS."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from tests.vm.case import Case
from tests.vm.guest import Account, check_host, installed
from tests.vm.media import fat_volume
from tests.vm.qemu import Firmware, Hardware, VmConfig, VmDisk
from tests.vm.virtual_machine import VirtualMachine


def install_on_bios(case: Case, medium: Path, hardware: Hardware) -> list[str]:
    """Install the case's host and check it from inside; the names of the checks.

    A picture of the screen during the installation is kept as ``vga-console.png``.
    """
    disk = case.disk()
    stick = fat_volume(
        case.work / "stick.img", "PHOTONKS", {"photon.json": case.source / "kickstart.json"}
    )
    config = VmConfig(
        name=case.name,
        firmware=Firmware.BIOS,
        hardware=hardware,
        disks=(disk, VmDisk(path=stick, serial="STICK")),
        cdrom=case.medium(medium, "photon.ks=label:PHOTONKS"),
    )
    with VirtualMachine(config, label="install") as vm:
        vm.expect(r"(?i)payload|unpack|extract", timeout=300, what="the installer at work")
        vm.screenshot(case.work / "vga-console.png")
        installed(vm, timeout=1500)
        vm.wait_exit(timeout=120, what="the restart")
    alone = replace(config, disks=(disk,))
    return check_host(alone, Account(name="root", password="battery staple"))
