"""MokManager asks at the first start, and the owner's certificate is enrolled afterwards."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.vm.case import OPS, Case
from tests.vm.guest import check_host, install
from tests.vm.http_server import HttpServer
from tests.vm.qemu import Firmware, VmConfig
from tests.vm.variables import boot_order_of
from tests.vm.virtual_machine import VirtualMachine

pytestmark = [pytest.mark.vm(seconds=275)]
CASE = Case(name="mok")
PASSWORD = "enroll-it-now"
DOWN = "\x1b[B"


def test_mok(medium: Path) -> None:
    disk = CASE.disk()
    with HttpServer(CASE.source) as server:
        config = VmConfig(
            name=CASE.name,
            firmware=Firmware.SECURE,
            variables=CASE.variables,
            disks=(disk,),
            # From the medium's own boot loader: it is shim that keeps what is queued.
            cdrom=CASE.medium(medium, f"photon.ks={server.url('kickstart.json')}"),
        )
        install(config)
    _network_comes_first()
    with VirtualMachine(replace(config, cdrom=None), label="network") as vm:
        vm.expect("Start PXE", timeout=90, what="the network, which comes first")
    # It has nothing to offer, which takes minutes to be found out. Without it its entries go.
    config = replace(config, cdrom=None, network=False)
    with VirtualMachine(config, label="mok-manager") as vm:
        _enroll(vm)
        vm.wait_exit(timeout=60, what="the restart")
    assert "enrolled" in check_host(config, OPS)


def _network_comes_first() -> None:
    order = boot_order_of(CASE.variables)
    network = [each.network for each in order]
    place = [each.label for each in order].index("Photon")
    assert place == sum(network) > 0, order
    assert all(network[:place]), order


def _enroll(vm: VirtualMachine) -> None:
    """Walk through MokManager: Enroll MOK, Continue, Yes, the password, Reboot."""
    vm.expect("Press any key to perform MOK management", timeout=90)
    vm.send(" ")
    vm.expect("Enroll MOK", timeout=30, what="MokManager's menu")
    vm.send(DOWN)
    vm.send("\r")
    vm.expect("View key 0", timeout=30)
    vm.send(DOWN)
    vm.send("\r")
    vm.expect("Enroll the key", timeout=30)
    vm.send(DOWN)
    vm.send("\r")
    vm.expect("Password:", timeout=30)
    vm.send(f"{PASSWORD}\r")
    vm.expect("Reboot", timeout=30)
    vm.send("\r")
