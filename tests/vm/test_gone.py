"""The disk, or the disc of the medium, goes in the middle: the last message says which."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from installer.errors import ExitCode
from tests.vm.case import Case
from tests.vm.guest import end_of_installation
from tests.vm.http_server import HttpServer
from tests.vm.qemu import Firmware, VmConfig
from tests.vm.virtual_machine import VirtualMachine

pytestmark = [pytest.mark.vm(seconds=110)]
CASE = Case(name="gone")
# Of which the payload, 300 MiB, fills more than may stay in the cache once it is verified.
MEMORY_MIB = 384


def test_gone_disk(medium: Path) -> None:
    code, said = _ended(medium, lambda vm: vm.unplug(0), label="disk")
    assert code == ExitCode.COMMAND, said
    assert re.search(r"/dev/vda \(serial PHOTON0, 8 GiB\) is gone from the machine: ", said), said


def test_gone_disc(medium: Path) -> None:
    code, said = _ended(medium, lambda vm: vm.eject(), label="disc")
    assert code in {ExitCode.COMMAND, ExitCode.PAYLOAD}, said
    assert "no disc in /dev/sr0 any more" in said, said
    assert not re.search(r"[Ww]rite (the medium|it) (anew|again)", said), said


def _ended(medium: Path, harm: Callable[[VirtualMachine], None], *, label: str) -> tuple[int, str]:
    """The exit code, and the end of the serial line in one line."""
    with HttpServer(CASE.source) as server:
        config = VmConfig(
            name=CASE.name,
            firmware=Firmware.BIOS,
            disks=(replace(CASE.disk(), late=True),),
            cdrom=medium,
            memory_mib=MEMORY_MIB,
            kernel=CASE.kernel(medium, f"photon.ks={server.url('kickstart.json')}"),
        )
        with VirtualMachine(config, label=label) as vm:
            vm.expect("waiting for PHOTON0", timeout=240)
            vm.plug(0)
            vm.expect("== Extract the system", timeout=240)
            vm.expect("extract minimal-cloud", timeout=30)
            harm(vm)
            code = end_of_installation(vm, timeout=400)
            vm.note(f"{label}: exit {code}")
            return code, re.sub(r"\s+", " ", vm.last_lines(60))
