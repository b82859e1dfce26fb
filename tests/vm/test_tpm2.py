"""A TPM opens the root by itself, and no longer once Secure Boot is off; the recovery key does."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.vm.case import OPS, Case
from tests.vm.guest import check_host, installed
from tests.vm.http_server import HttpServer
from tests.vm.qemu import Firmware, VmConfig, secure_boot_off
from tests.vm.virtual_machine import VirtualMachine

pytestmark = [pytest.mark.vm(seconds=350)]
CASE = Case(name="tpm2")
HALF = r"((?:[cbdefghijklnrtuv]{8}-?){4})\s"


def test_tpm2(medium: Path) -> None:
    with HttpServer(CASE.source) as server:
        config = VmConfig(
            name=CASE.name,
            firmware=Firmware.SECURE,
            variables=CASE.variables,
            disks=(CASE.disk(),),
            # From the medium's own boot loader: PCR 7 has what shim measures.
            cdrom=CASE.medium(medium, f"photon.ks={server.url('kickstart.json')}"),
            tpm=CASE.tpm,
        )
        with VirtualMachine(config, label="install") as vm:
            vm.expect("EFI stub", timeout=120, what="the medium's kernel")
            key = _recovery_key(vm)
            vm.send("\r")
            installed(vm, timeout=120)
            vm.wait_exit(timeout=120, what="the restart")
    assert "ways-to-open" in check_host(config, OPS)
    # Without boot entries: shim's fallback writes one, and restarts.
    insecure = secure_boot_off(replace(config, stop_on_reset=False), CASE.work / "insecure.fd")
    assert "ways-to-open" in check_host(insecure, OPS, label="insecure", unlock=key)


def _recovery_key(vm: VirtualMachine) -> str:
    """What the console shows once, before the machine goes on."""
    vm.expect("Recovery key: it is shown once", timeout=900, what="the recovery key")
    halves = [vm.expect(HALF, timeout=30, what="a half of the key").group(1) for _ in range(2)]
    vm.expect("Press Enter", timeout=30)
    return "-".join(half.strip("-") for half in halves)
