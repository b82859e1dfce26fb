"""``photon-installer image`` on this machine; the image then boots on one with Secure Boot."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.vm.case import OPS, Case
from tests.vm.guest import check_host
from tests.vm.image import build_image
from tests.vm.qemu import Firmware, VmConfig, VmDisk

pytestmark = [pytest.mark.vm, pytest.mark.once]
CASE = Case(name="image")


def test_image(medium: Path) -> None:
    image = build_image(CASE, medium)
    CASE.variables.unlink(missing_ok=True)
    config = VmConfig(
        name=CASE.name,
        firmware=Firmware.SECURE,
        variables=CASE.variables,
        disks=(VmDisk(path=image),),
    )
    assert "nvram-again" in check_host(config, OPS)
