"""LVM with a thin pool on an NVMe disk with sectors of 4096 bytes."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.vm.case import OPS, Case
from tests.vm.guest import check_host
from tests.vm.qemu import Bus
from tests.vm.unattended import install_unattended

pytestmark = [pytest.mark.vm(seconds=240)]
CASE = Case(name="lvm-4kn")


def test_lvm_4kn(medium: Path) -> None:
    config = install_unattended(CASE, medium, CASE.disk(bus=Bus.NVME, sector=4096))
    assert "home-is-thin" in check_host(config, OPS)
