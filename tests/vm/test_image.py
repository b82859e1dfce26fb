"""``photon-installer image`` on this machine; the image then boots on one with Secure Boot."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.vm.case import OPS, Case
from tests.vm.guest import check_host
from tests.vm.media import from_medium
from tests.vm.qemu import Firmware, VmConfig, VmDisk

pytestmark = [pytest.mark.vm, pytest.mark.once]
CASE = Case(name="image")


def test_image(medium: Path) -> None:
    CASE.work.mkdir(parents=True, exist_ok=True)
    image, payload = CASE.work / "host.img", CASE.work / "payload"
    for file in ("index.json", "root.squashfs"):
        from_medium(medium, f"/photon/payload/{file}", payload / file)
    image.unlink(missing_ok=True)
    CASE.variables.unlink(missing_ok=True)
    made = subprocess.run(
        [sys.executable, "-m", "installer", "image", str(CASE.source / "kickstart.json"),
         str(image), "--size", "4 GiB", "--payload", str(payload)],
        capture_output=True, text=True, check=False, timeout=600,
    )  # fmt: skip
    (CASE.work / "image.log").write_text(made.stdout + made.stderr, encoding="utf-8")
    assert made.returncode == 0, (made.stdout + made.stderr)[-3000:]
    (payload / "root.squashfs").unlink()
    config = VmConfig(
        name=CASE.name,
        firmware=Firmware.SECURE,
        variables=CASE.variables,
        disks=(VmDisk(path=image),),
    )
    assert "docker" in check_host(config, OPS)
