"""UEFI PXE with Secure Boot enforced: TFTP for shim and GRUB, HTTP for everything else."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.vm.case import OPS, Case, self_starting
from tests.vm.guest import check_host, install
from tests.vm.http_server import HttpServer
from tests.vm.media import built_edition
from tests.vm.qemu import Firmware, NetworkBoot, VmConfig

pytestmark = [pytest.mark.vm(seconds=165)]
CASE = Case(name="netboot")
KICKSTART = "kickstart.json"


@pytest.mark.once
def test_netboot(build_folder: Path, installed: list[VmConfig]) -> None:
    CASE.work.mkdir(parents=True, exist_ok=True)
    tree = CASE.work / "tree"
    with HttpServer(tree) as server:
        _make_tree(build_folder, tree, server.url("").rstrip("/"))
        (tree / KICKSTART).write_bytes((CASE.source / KICKSTART).read_bytes())
        menu = tree / "grub/grub.cfg"
        arguments = f"photon.ks={server.url(KICKSTART)}"
        menu.write_text(self_starting(menu.read_text("utf-8"), arguments), encoding="utf-8")
        config = VmConfig(
            name=CASE.name,
            firmware=Firmware.SECURE,
            disks=(CASE.disk(),),
            variables=CASE.variables,
            network_boot=NetworkBoot(folder=tree, bootfile="shimx64.efi"),
        )
        install(config)
    fetched = [path.rsplit("/", 1)[-1] for path in server.requests]
    assert {"vmlinuz", "initrd", "live.squashfs", KICKSTART} <= set(fetched)
    installed.append(config)


def test_netboot_host(installed: list[VmConfig]) -> None:
    assert installed, "nothing was installed over the network"
    assert "nvram" in check_host(installed[0], OPS)


def _make_tree(build_folder: Path, tree: Path, url: str) -> None:
    made = subprocess.run(
        [sys.executable, "-m", "iso_hooks", "netboot",
         "--edition", built_edition(), "--trees", "minimal-cloud",
         "--build", str(build_folder), "--output", str(tree), "--url", url],
        capture_output=True, text=True, check=False, timeout=900,
    )  # fmt: skip
    assert made.returncode == 0, made.stderr[-3000:]
