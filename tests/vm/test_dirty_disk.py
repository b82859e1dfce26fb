"""Two disks full of active md, LVM, LUKS and swap: the installer stops it all and installs."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from installer.sizes import MIB
from tests.vm.case import OPS, Case
from tests.vm.guest import check_host, installed
from tests.vm.http_server import HttpServer
from tests.vm.media import labelled_volume
from tests.vm.qemu import Firmware, VmConfig, VmDisk
from tests.vm.virtual_machine import VirtualMachine

pytestmark = [pytest.mark.vm(seconds=170)]
CASE = Case(name="dirty-disk")
# The live system runs this instead of its usual target, which the script then starts itself:
# systemd-run-generator(8).
PREPARE = (
    "systemd.run=\"/bin/sh -c 'mount -o ro LABEL=PREPARE /mnt; exec sh /mnt/prepare.sh'\" "
    "systemd.run_success_action=none systemd.run_failure_action=none"
)
STOPS = (
    "stop using the swap space on /dev/mapper/secret",
    "close the encrypted volume secret",
    "deactivate the volume group vg0",
    "deactivate the volume group vg0",
    "stop the array md0",
    "wipe the signatures on /dev/vda",
    "wipe the signatures on /dev/vdb",
)


def test_dirty_disk(medium: Path) -> None:
    target = CASE.disk()
    mirror = CASE.disk(1)
    with HttpServer(CASE.source) as server:
        address = server.url("kickstart.json")
        config = VmConfig(
            name=CASE.name,
            firmware=Firmware.EFI,
            variables=CASE.variables,
            disks=(target, mirror, VmDisk(path=_script_volume())),
            cdrom=medium,
            kernel=CASE.kernel(medium, f"photon.ks={address} {PREPARE}"),
        )
        with VirtualMachine(config, label="install") as vm:
            vm.expect("prepared: everything is active", timeout=300, what="the used disks")
            vm.note("everything on the disks is active")
            # They are told of as losses first, then as they are done.
            vm.expect("Installing onto", timeout=300, what="the installation's beginning")
            _expect_stops(vm)
            installed(vm, timeout=900)
            vm.wait_exit(timeout=120, what="the restart")
    assert _is_blank(mirror.path)
    assert "nothing-is-stacked" in check_host(config, OPS)


def _expect_stops(vm: VirtualMachine) -> None:
    """Each step is seen, whichever of two that do not depend on each other comes first."""
    waiting = list(STOPS)
    while waiting:
        match = vm.expect(*dict.fromkeys(waiting), timeout=300, what=", ".join(waiting))
        waiting.remove(match.group(0))


def _script_volume() -> Path:
    folder = CASE.work / "prepare"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    shutil.copy(CASE.source / "prepare.sh", folder)
    return labelled_volume(CASE.work / "prepare.img", "PREPARE", folder)


def _is_blank(disk: Path) -> bool:
    """No table at either end of the disk, nor the boot signature in its first sector."""
    with disk.open("rb") as file:
        first = file.read(MIB)
        file.seek(-MIB, 2)
        last = file.read(MIB)
    return b"EFI PART" not in first + last and first[510:512] == bytes(2)
