"""A host under Secure Boot checks itself, before and after one byte of its chain was changed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.vm.case import OPS, Case
from tests.vm.guest import log_in, switch_off, told
from tests.vm.image import build_image
from tests.vm.qemu import Firmware, VmConfig, VmDisk
from tests.vm.self_check import finds_one_byte, mount_medium, wrong_by_own_check
from tests.vm.virtual_machine import VirtualMachine

pytestmark = [pytest.mark.vm(seconds=150), pytest.mark.standard]
CASE = Case(name="running-host")


def test_running_host(medium: Path) -> None:
    image = build_image(CASE, medium)
    CASE.variables.unlink(missing_ok=True)
    config = VmConfig(
        name=CASE.name, firmware=Firmware.SECURE, variables=CASE.variables,
        disks=(VmDisk(path=image), VmDisk(path=medium)), network=False,
    )  # fmt: skip
    with VirtualMachine(config, label="host") as vm:
        log_in(vm, OPS, timeout=300)
        kernel = told(vm, "echo /boot/vmlinuz-$(uname -r)")
        mount_medium(vm)
        assert not wrong_by_own_check(vm)
        for path in (
            "/boot/efi/EFI/debian/shimx64.efi",
            "/boot/efi/EFI/debian/grubx64.efi",
            kernel,
        ):
            finds_one_byte(vm, path)
        switch_off(vm)
