"""A host with unified kernel images: it checks itself, leaves what does not start, and upgrades."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.vm.case import OPS, Case
from tests.vm.guest import log_in, switch_off, told
from tests.vm.image import build_image
from tests.vm.other_kernel import change_kernel, other_kernel
from tests.vm.qemu import Firmware, VmConfig, VmDisk
from tests.vm.self_check import finds_one_byte, mount_medium, wrong_by_own_check
from tests.vm.signed import kickstart_signed_by
from tests.vm.variables import only_for, own_key
from tests.vm.virtual_machine import VirtualMachine

pytestmark = [pytest.mark.vm(seconds=500), pytest.mark.standard]
CASE = Case(name="uki-life")
IMAGES = "/boot/efi/EFI/Linux"
BROKEN = "9.9-broken"
# An initrd that holds nothing: the kernel does not find the root, and panics.
ADD_BROKEN = (
    f"cp /boot/vmlinuz-$(uname -r) /boot/vmlinuz-{BROKEN};"
    f" head -c 4096 /dev/zero >/boot/initrd.img-{BROKEN}; photon-uki sync"
)
WELL = "systemctl is-system-running --wait && systemctl start photon-uki-good.service"


def test_uki_life(medium: Path) -> None:
    owner = own_key(CASE.work / "keys", "owner")
    image = build_image(CASE, medium, kickstart=kickstart_signed_by(CASE, owner))
    config = VmConfig(
        name=CASE.name,
        firmware=Firmware.SECURE,
        variables=only_for(CASE.variables, owner),
        disks=(VmDisk(path=image), VmDisk(path=medium), other_kernel(CASE.work / "other-kernel")),
        stop_on_reset=False,
        network=False,
    )
    with VirtualMachine(config, label="host") as vm:
        log_in(vm, OPS, timeout=300)
        told(vm, WELL, timeout=300)
        _checks_itself(vm)
        _falls_back(vm)
        _upgrades(vm)
        switch_off(vm)


def _checks_itself(vm: VirtualMachine) -> None:
    mount_medium(vm)
    assert not wrong_by_own_check(vm)
    finds_one_byte(vm, told(vm, f"ls {IMAGES}/*.efi"))
    told(vm, "umount /media /mnt")


def _falls_back(vm: VirtualMachine) -> None:
    """The newest image has three starts, and none of them comes up; then it is the other's turn."""
    good = told(vm, "uname -r")
    told(vm, ADD_BROKEN, timeout=600)
    assert told(vm, f"ls {IMAGES}").split() == [f"photon-{good}.efi", f"photon-{BROKEN}+3.efi"]
    vm.send("systemctl reboot\r")
    for which in ("first", "second", "third"):
        vm.expect("Rebooting in 30 seconds", timeout=300, what=f"the panic of the {which} start")
        vm.note(f"the {which} start has failed")
    log_in(vm, OPS, timeout=400)
    assert told(vm, "uname -r") == good
    told(vm, WELL, timeout=300)
    assert told(vm, f"ls {IMAGES}").split() == [f"photon-{good}.efi", f"photon-{BROKEN}+0-3.efi"]
    told(vm, f"rm /boot/*-{BROKEN}; photon-uki sync", timeout=300)
    assert told(vm, f"ls {IMAGES}").split() == [f"photon-{good}.efi"]


def _upgrades(vm: VirtualMachine) -> None:
    """A kernel's package brings its image; the purged one's goes."""
    before = change_kernel(vm)
    vm.send("systemctl reboot\r")
    log_in(vm, OPS, timeout=400)
    after = told(vm, "uname -r")
    assert after != before
    told(vm, WELL, timeout=300)
    assert told(vm, f"ls {IMAGES}").split() == [f"photon-{after}.efi"]
