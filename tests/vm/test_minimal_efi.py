"""Unattended over HTTP with Secure Boot enforced; every promise is looked at inside the host."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.vm.case import OPS, Case
from tests.vm.guest import check_host, install
from tests.vm.http_server import HttpServer
from tests.vm.qemu import Firmware, VmConfig

pytestmark = [pytest.mark.vm(seconds=125), pytest.mark.once, pytest.mark.every_edition]
CASE = Case(name="minimal-efi")


def test_minimal_efi(medium: Path) -> None:
    with HttpServer(CASE.source) as server:
        config = VmConfig(
            name=CASE.name,
            firmware=Firmware.SECURE,
            variables=CASE.variables,
            disks=(CASE.disk(),),
            cdrom=CASE.medium(medium, f"photon.ks={server.url('kickstart.json')}"),
        )
        install(config)
        assert server.requests == ["/kickstart.json"]
    assert "docker" in check_host(config, OPS)
