"""``photon-installer image`` on this machine; the image then boots on one with Secure Boot.

The machine's firmware has never heard of it: shim's fallback writes its entry, and restarts. What
its TPM measures then is what was said before it ever started.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.vm.case import OPS, Case
from tests.vm.guest import check_disk, check_inside, log_in, switch_off
from tests.vm.image import boot_check, build_image, measured_pcrs
from tests.vm.qemu import Firmware, VmConfig, VmDisk, variables_of
from tests.vm.virtual_machine import VirtualMachine

pytestmark = [pytest.mark.vm(seconds=100)]
CASE = Case(name="image")


def test_image(medium: Path) -> None:
    image = build_image(CASE, medium)
    said = boot_check(image, variables_of(Firmware.SECURE))
    assert said.boots, said.wrong
    CASE.variables.unlink(missing_ok=True)
    shutil.rmtree(CASE.tpm, ignore_errors=True)
    script = check_disk(CASE.name, CASE.work / "check.img")
    config = VmConfig(
        name=CASE.name,
        firmware=Firmware.SECURE,
        variables=CASE.variables,
        tpm=CASE.tpm,
        disks=(VmDisk(path=image), VmDisk(path=script)),
    )
    with VirtualMachine(config, label="fallback") as vm:
        vm.wait_exit(timeout=120, what="the restart after the entry was written")
    with VirtualMachine(config, label="host") as vm:
        log_in(vm, OPS, timeout=300)
        measured = measured_pcrs(vm)
        assert "nvram-again" in check_inside(vm)
        switch_off(vm)
    assert {pcr: measured[pcr] for pcr in said.pcrs} == said.pcrs
    assert {4, 7, 9} <= said.pcrs.keys()
