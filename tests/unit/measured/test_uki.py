"""Unified kernel images, against what systemd-measure says of the same parts."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from installer.measured.prediction import UnpredictableError
from installer.measured.uki import PHASES, predict_unified
from tests.unit.measured.programs import program_with

MEASURE = Path("/usr/lib/systemd/systemd-measure")
PARTS = {
    ".cmdline": b"root=UUID=1234 ro",
    ".initrd": b"an initrd " * 100,
    ".osrel": b"ID=debian\n",
    ".linux": b"a kernel " * 200,
    ".pcrpkey": b"a public key\n",
}


def measured(folder: Path, *arguments: str) -> str:
    files = []
    for name, data in PARTS.items():
        (folder / name).write_bytes(data)
        files.append(f"--{name[1:]}={folder / name}")
    argv = [str(MEASURE), "calculate", "--bank=sha256", *files, *arguments]
    text = subprocess.run(argv, check=True, capture_output=True, text=True).stdout
    found = re.search(r"^11:sha256=([0-9a-f]{64})", text, re.MULTILINE)
    return found.group(1) if found else text


@pytest.mark.skipif(not MEASURE.exists(), reason="needs systemd-measure")
@pytest.mark.parametrize("phases", [PHASES, ("enter-initrd",), ()])
def test_the_value_is_what_systemd_says(tmp_path: Path, phases: tuple[str, ...]) -> None:
    image = program_with({".text": b"\xc3", **PARTS, ".pcrsig": b"{}"})
    found = predict_unified(image, phases).value
    assert found
    assert found.hex() == measured(tmp_path, f"--phase={':'.join(phases)}")


def test_it_says_what_is_in_it() -> None:
    assert predict_unified(program_with(PARTS)).why == (
        "the unified kernel image (linux, osrel, cmdline, initrd, pcrpkey) and its start as far as "
        "ready"
    )


@pytest.mark.parametrize(
    ("image", "reason"), [(b"MZ", "damaged"), (program_with({".text": b"\xc3"}), "no unified")]
)
def test_another_file_is_told(image: bytes, reason: str) -> None:
    with pytest.raises(UnpredictableError, match=reason):
        predict_unified(image)
