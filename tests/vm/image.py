"""``photon-installer`` on this machine: an image made from a case's kickstart, and looked at."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.vm.case import Case
from tests.vm.guest import run_inside
from tests.vm.media import from_medium
from tests.vm.virtual_machine import VirtualMachine

UNBOOTABLE = 10


def build_image(case: Case, medium: Path, *, kickstart: Path | None = None) -> Path:
    """The raw image that the case's kickstart describes, made with the medium's payload."""
    image, payload = case.work / "host.img", case.work / "payload"
    for file in ("index.json", "root.squashfs"):
        from_medium(medium, f"/photon/payload/{file}", payload / file)
    image.unlink(missing_ok=True)
    source = kickstart or case.source / "kickstart.json"
    made = _installer("image", source, image, "--size", "4 GiB", "--payload", payload)
    (case.work / "image.log").write_text(made.stdout + made.stderr, encoding="utf-8")
    assert made.returncode == 0, (made.stdout + made.stderr)[-3000:]
    (payload / "root.squashfs").unlink()
    return image


@dataclass(frozen=True, slots=True, kw_only=True)
class BootCheck:
    """What the boot check says: whether the disk boots, what is wrong with it, and the PCRs.

    ``pcrs`` are hexadecimal digits by the number of the register, of those that it could tell.
    """

    boots: bool
    wrong: tuple[str, ...]
    pcrs: dict[int, str]


def boot_check(disk: Path, variables: Path) -> BootCheck:
    """Check a disk that is to start on firmware with these variables."""
    done = _installer("verify", "--disk", disk, "--variables", variables, "--json")
    assert done.returncode in (0, UNBOOTABLE), (done.stdout + done.stderr)[-3000:]
    found: dict[str, Any] = json.loads(done.stdout)
    return BootCheck(
        boots=done.returncode == 0,
        wrong=tuple(
            f"{each['what']}: {each['text']}" for each in found["findings"] if not each["good"]
        ),
        pcrs={int(pcr): told["sha256"] for pcr, told in found["pcrs"].items() if told["sha256"]},
    )


def measured_pcrs(vm: VirtualMachine) -> dict[int, str]:
    """What the machine's TPM holds; a root shell must be there."""
    command = "cd /sys/class/tpm/tpm0/pcr-sha256; for i in *; do echo $i $(cat $i); done; cd /"
    _, text = run_inside(vm, command)
    return {int(pcr): value.lower() for pcr, value in map(str.split, text.splitlines())}


def _installer(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "installer", *map(str, arguments)],
        capture_output=True, text=True, check=False, timeout=600,
    )  # fmt: skip
