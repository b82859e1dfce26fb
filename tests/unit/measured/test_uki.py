"""Unified kernel images, against what systemd-measure says of the same parts."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from installer.measured.log import ZERO
from installer.measured.predict import FirmwareState
from installer.measured.prediction import UnpredictableError
from installer.measured.uki import PHASES, predict_unified, predict_unified_start
from installer.secureboot.signature import Notary
from installer.secureboot.variables import GLOBAL
from tests.unit.host.programs import RunnerWith, efi_program
from tests.unit.measured.capture import EVENTS
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


@pytest.mark.skipif(not shutil.which("openssl"), reason="needs openssl")
def test_a_start_without_shim_and_grub(tmp_path: Path) -> None:
    notary = Notary(runner=RunnerWith(), folder=tmp_path / "notary")
    firmware = FirmwareState(variables={("SecureBoot", GLOBAL): b"\0"}, events=EVENTS)
    image = program_with(PARTS)
    found = predict_unified_start(notary, efi_program(), image, firmware)
    assert {pcr for pcr, each in found.items() if each.value is None} == {4, 9}
    assert found[11] == predict_unified(image)
    assert found[8].value == found[14].value == ZERO
    assert found[7].value
    other = predict_unified_start(notary, efi_program(), b"", FirmwareState(variables=None))
    assert {pcr for pcr, each in other.items() if each.value is None} == {4, 7, 9, 11}
