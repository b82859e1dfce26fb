"""A unified kernel image, systemd-boot, and firmware that trusts the owner alone."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from tests.vm.case import OPS, Case
from tests.vm.guest import check_disk, check_inside, log_in, switch_off
from tests.vm.image import boot_check, build_image, measured_pcrs
from tests.vm.media import with_patches
from tests.vm.parts import from_esp, images_of
from tests.vm.qemu import Firmware, VmConfig, VmDisk, variables_of
from tests.vm.signed import kickstart_signed_by
from tests.vm.variables import only_for, own_key
from tests.vm.virtual_machine import VirtualMachine

pytestmark = [pytest.mark.vm(seconds=85), pytest.mark.once]
CASE = Case(name="uki")


def test_uki(medium: Path) -> None:
    owner = own_key(CASE.work / "keys", "owner")
    image = build_image(CASE, medium, kickstart=kickstart_signed_by(CASE, owner))
    assert not boot_check(image, variables_of(Firmware.SECURE)).boots, "nobody else's key signed it"
    said = boot_check(image, only_for(CASE.variables, owner))
    assert said.boots, said.wrong
    shutil.rmtree(CASE.tpm, ignore_errors=True)
    config = VmConfig(
        name=CASE.name,
        firmware=Firmware.SECURE,
        variables=CASE.variables,
        tpm=CASE.tpm,
        disks=(VmDisk(path=image),),
    )
    _one_byte_changed(config, image)
    script = VmDisk(path=check_disk(CASE.name, CASE.work / "check.img"))
    with VirtualMachine(replace(config, disks=(*config.disks, script)), label="host") as vm:
        log_in(vm, OPS, timeout=300)
        measured = measured_pcrs(vm)
        assert "by-systemd-boot" in check_inside(vm)
        switch_off(vm)
    assert {pcr: measured[pcr] for pcr in said.pcrs} == said.pcrs
    assert {4, 7, 9, 11} <= said.pcrs.keys()


def _one_byte_changed(config: VmConfig, image: Path) -> None:
    """The same disk but for a byte of the unified kernel image."""
    (name,) = images_of(image)
    changed = CASE.work / "changed.img"
    with_patches(image, changed, inside=from_esp(image, f"EFI/Linux/{name}"), at=[40_000])
    assert not boot_check(changed, CASE.variables).boots
    variables = CASE.work / "changed.fd"
    shutil.copyfile(CASE.variables, variables)
    disk = replace(config, disks=(VmDisk(path=changed),), variables=variables, tpm=None)
    with VirtualMachine(disk, label="changed") as vm:
        refused = "(?i)access denied|security violation"
        match = vm.expect(refused, "EFI stub|Linux version|login: ", timeout=90)
        assert match.re.pattern == refused
    changed.unlink()
