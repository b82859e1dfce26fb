"""Keys made at the installation, enrolled in Setup Mode: what they signed starts, nothing else."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.vm.case import OPS, Case
from tests.vm.guest import check_host, install, log_in, switch_off, told
from tests.vm.http_server import HttpServer
from tests.vm.other_kernel import change_kernel, other_kernel
from tests.vm.qemu import Firmware, VmConfig
from tests.vm.virtual_machine import VirtualMachine

pytestmark = [pytest.mark.vm(seconds=525)]
CASE = Case(name="owner-keys")


def test_owner_keys(medium: Path) -> None:
    disk = CASE.disk()
    with HttpServer(CASE.source) as server:
        config = VmConfig(
            name=CASE.name,
            firmware=Firmware.SETUP,
            variables=CASE.variables,
            tpm=CASE.tpm,
            disks=(disk,),
            # From the medium's own boot loader: only where a shim was is it known what another
            # will measure.
            cdrom=CASE.medium(medium, f"photon.ks={server.url('kickstart.json')}"),
        )
        install(config)
    assert "only-the-owner" in check_host(config, OPS)
    _medium_is_refused(config)
    _another_kernel_starts(config)


def _medium_is_refused(config: VmConfig) -> None:
    """The medium has Microsoft's and Debian's signatures, and no others."""
    with VirtualMachine(replace(config, disks=()), label="medium") as vm:
        vm.expect("Access Denied", timeout=90, what="the firmware's refusal")


def _another_kernel_starts(config: VmConfig) -> None:
    """A kernel installed on the host is signed there; it starts when the first one is gone."""
    kernel = other_kernel(CASE.work / "other-kernel")
    host = replace(config, cdrom=None, disks=(*config.disks, kernel))
    with VirtualMachine(host, label="upgrade") as vm:
        log_in(vm, OPS, timeout=300)
        before = change_kernel(vm)
        switch_off(vm)
    with VirtualMachine(host, label="upgraded") as vm:
        log_in(vm, OPS, timeout=300)
        after = told(vm, "uname -r")
        assert after != before
        told(vm, f"sbverify --cert /etc/photon-boot/db.pem /boot/vmlinuz-{after}")
        switch_off(vm)
