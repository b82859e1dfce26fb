"""A/B root filesystems: the one that does not start is left without help."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.vm.case import OPS, Case
from tests.vm.guest import check_disk, check_inside, log_in, switch_off, told
from tests.vm.qemu import VmDisk
from tests.vm.unattended import install_unattended
from tests.vm.virtual_machine import VirtualMachine

pytestmark = [pytest.mark.vm(seconds=620)]
CASE = Case(name="ab")
# An initrd that holds nothing: the kernel does not find the root, and panics.
BREAK_OTHER = (
    "photon-slot run sh -c 'for each in /boot/initrd.img-*; do head -c 4096 /dev/zero >$each; done'"
)
STATUS = "systemctl is-system-running --wait >/dev/null; photon-slot status"


def test_ab(medium: Path) -> None:
    config = install_unattended(CASE, medium, CASE.disk())
    script = check_disk(CASE.name, CASE.work / "check.img")
    host = replace(
        config, cdrom=None, kernel=None, stop_on_reset=False,
        disks=(*config.disks, VmDisk(path=script)),
    )  # fmt: skip
    with VirtualMachine(host, label="host") as vm:
        log_in(vm, OPS, timeout=300)
        assert "slot-a" in check_inside(vm)
        told(vm, BREAK_OTHER)
        told(vm, "photon-slot try b 2")
        vm.send("systemctl reboot\r")
        for which in ("first", "second"):
            vm.expect(
                "Rebooting in 30 seconds", timeout=300, what=f"the panic of the {which} start"
            )
            vm.note(f"the {which} start of slot b has failed")
        log_in(vm, OPS, timeout=400)
        assert told(vm, STATUS) == "running: a\ngood: a"
        told(vm, "photon-slot copy", timeout=900)
        told(vm, "photon-slot try b 1")
        vm.send("systemctl reboot\r")
        log_in(vm, OPS, timeout=400)
        assert "slot-b" in check_inside(vm)
        switch_off(vm)
