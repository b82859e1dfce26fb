"""``photon-installer`` on this machine: an image made from a case's kickstart, and looked at."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.vm.case import Case
from tests.vm.media import from_medium

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


def would_boot(disk: Path, variables: Path) -> tuple[bool, tuple[str, ...]]:
    """What the boot check says of a disk on firmware with these variables, and its findings."""
    done = _installer("verify", "--disk", disk, "--variables", variables, "--json")
    assert done.returncode in (0, UNBOOTABLE), (done.stdout + done.stderr)[-3000:]
    found: dict[str, Any] = json.loads(done.stdout)
    wrong = (f"{each['what']}: {each['text']}" for each in found["findings"] if not each["good"])
    return done.returncode == 0, tuple(wrong)


def _installer(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "installer", *map(str, arguments)],
        capture_output=True, text=True, check=False, timeout=600,
    )  # fmt: skip
