"""The usual way of a case: its kickstart over HTTP, Secure Boot enforced, the medium's kernel."""

from __future__ import annotations

from pathlib import Path

from tests.vm.case import Case
from tests.vm.guest import install
from tests.vm.http_server import HttpServer
from tests.vm.qemu import Firmware, VmConfig, VmDisk


def install_unattended(
    case: Case, medium: Path, *disks: VmDisk, label: str = "install"
) -> VmConfig:
    """Install the case's host onto new disks; what is returned then starts it (``check_host``).

    QEMU loads the medium's kernel, so that the medium's own boot loader is for others to prove.
    """
    with HttpServer(case.source) as server:
        config = VmConfig(
            name=case.name,
            firmware=Firmware.SECURE,
            variables=case.variables,
            disks=disks,
            cdrom=medium,
            kernel=case.kernel(medium, f"photon.ks={server.url('kickstart.json')}"),
        )
        install(config, label=label)
    return config
