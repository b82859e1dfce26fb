"""Unified kernel images, against what systemd-measure says of the same parts."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from installer.machine.facts import BootEntry
from installer.measured.log import ZERO
from installer.measured.predict import FirmwareState
from installer.measured.prediction import UnpredictableError
from installer.measured.stub import added_archives, predict_handover
from installer.measured.uki import PHASES, predict_unified, predict_unified_start
from installer.secureboot.pe import parse_pe
from installer.secureboot.signature import SignatureVerifier
from installer.secureboot.variables import GLOBAL
from tests.unit.host.programs import RunnerWith, efi_program
from tests.unit.measured.capture import EVENTS
from tests.unit.measured.programs import program_with

MEASURE = Path("/usr/lib/systemd/systemd-measure")
STUB = b"#### LoaderInfo: systemd-stub 257.9-1~deb13u1 ####"
PARTS = {
    ".sdmagic": STUB,
    ".cmdline": b"root=UUID=1234 ro",
    ".initrd": b"an initrd " * 100,
    ".osrel": b"ID=debian\n",
    ".linux": b"a kernel " * 200,
    ".pcrpkey": b"a public key\n",
}


def measured(folder: Path, *arguments: str) -> str:
    files = []
    for name, data in PARTS.items():
        if name == ".sdmagic":
            continue
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
    ("image", "reason"), [(b"MZ", "damaged"), (program_with({".text": b"\xc3"}), "not a unified")]
)
def test_another_file_is_told(image: bytes, reason: str) -> None:
    with pytest.raises(UnpredictableError, match=reason):
        predict_unified(image)


@pytest.mark.skipif(not shutil.which("openssl"), reason="needs openssl")
def test_a_start_without_shim_and_grub(tmp_path: Path) -> None:
    verifier = SignatureVerifier(runner=RunnerWith(), folder=tmp_path / "verifier")
    firmware = FirmwareState(variables={("SecureBoot", GLOBAL): b"\0"}, events=EVENTS)
    image = program_with(PARTS)
    found = predict_unified_start(verifier, efi_program(), image, firmware)
    assert all(each.value for each in found.values())
    assert found[11] == predict_unified(image)
    assert found[8].value == found[14].value == ZERO
    other = predict_unified_start(verifier, efi_program(), b"", FirmwareState(variables=None))
    assert {pcr for pcr, each in other.items() if each.value is None} == {4, 7, 9, 11}


@pytest.mark.parametrize(
    ("stub", "reason"),
    [
        (STUB.replace(b"257.9", b"258.1"), "the stub is 258.1"),
        (STUB.replace(b"257.9", b"2570"), "the stub is 2570"),
        (STUB.replace(b"systemd-stub", b"another"), "not systemd's stub"),
    ],
)
def test_of_another_stub_nothing_is_said(stub: bytes, reason: str) -> None:
    with pytest.raises(UnpredictableError, match=reason):
        predict_handover(parse_pe(program_with(PARTS | {".sdmagic": stub})))


@pytest.mark.skipif(not shutil.which("openssl"), reason="needs openssl")
def test_another_entry_before_it_is_told(tmp_path: Path) -> None:
    verifier = SignatureVerifier(runner=RunnerWith(), folder=tmp_path / "verifier")
    loader = r"\EFI\systemd\systemd-bootx64.efi"
    for first, is_told in (
        (entry("Network", "", ""), False),
        (entry("Photon", "1234-AB", loader), False),
        (entry("Photon", "1234-ab", loader), True),
    ):
        firmware = FirmwareState(variables={}, first=first)
        found = predict_unified_start(
            verifier, efi_program(), program_with(PARTS), firmware, partition="1234-AB"
        )
        assert bool(found[4].value) == is_told


@pytest.mark.skipif(not shutil.which("cpio"), reason="needs cpio")
def test_what_the_stub_adds_is_a_cpio_archive(tmp_path: Path) -> None:
    image = parse_pe(program_with(PARTS | {".pcrsig": b"{}", ".initrd": b""}))
    argv = ["cpio", "--extract", "--make-directories", "--quiet"]
    for each in added_archives(image):
        subprocess.run(argv, input=each, cwd=tmp_path, check=True)
    found = {path.name: path.read_bytes() for path in (tmp_path / ".extra").iterdir()}
    assert found == {
        "tpm2-pcr-signature.json": b"{}",
        "tpm2-pcr-public-key.pem": PARTS[".pcrpkey"],
        "os-release": PARTS[".osrel"],
    }


def test_the_command_line_is_measured_as_the_stub_trims_it() -> None:
    plain = program_with(PARTS)
    spaced = program_with(PARTS | {".cmdline": b" " + PARTS[".cmdline"] + b"\n"})
    other = program_with(PARTS | {".cmdline": b"ro root=UUID=1234"})
    values = [predict_handover(parse_pe(each)).value for each in (plain, spaced, other)]
    assert values[0] == values[1] != values[2]


def entry(label: str, partition: str, loader: str) -> BootEntry:
    return BootEntry(number="0001", label=label, active=True, partition=partition, loader=loader)
