"""A whole host: its menus are those of a real start, its programs are made and signed here."""

from __future__ import annotations

import random
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from installer.measured.log import SEPARATED, ZERO, register
from installer.measured.menu import UNNUMBERED
from installer.measured.predict import FirmwareState, HostFiles, Way, predict_start
from installer.measured.prediction import (
    Prediction,
    differing,
    predictions_json,
    predictions_text,
)
from installer.secureboot.pe import parse_pe
from installer.secureboot.signature import SignatureVerifier
from installer.secureboot.variables import GLOBAL
from tests.unit.host.programs import RunnerWith, efi_program
from tests.unit.measured.capture import (
    ESP_FILES,
    EVENTS,
    KERNEL,
    RELEASE,
    ROOT_FILES,
    digests,
    esp,
    pcrs,
    root,
    shim_program,
    variables,
)

pytestmark = pytest.mark.skipif(not shutil.which("openssl"), reason="needs openssl")
GRUB, LINUX = efi_program(b"\xc3grub"), efi_program(b"\xc3linux")
LOADERS = {
    "/EFI/debian/shimx64.efi": shim_program(),
    "/EFI/debian/grubx64.efi": GRUB,
    "/EFI/BOOT/BOOTX64.EFI": shim_program(),
    "/EFI/BOOT/grubx64.efi": efi_program(b"\xc3other"),
}
FILES = {**ROOT_FILES, KERNEL: LINUX}
HOST = HostFiles(esp=esp({**ESP_FILES, **LOADERS}), volumes=(root(FILES),))
# Nothing here is signed.
FIRMWARE = FirmwareState(variables={**variables(), ("SecureBoot", GLOBAL): b"\0"}, events=EVENTS)


def predicted(
    folder: Path, host: HostFiles = HOST, firmware: FirmwareState = FIRMWARE, way: Way = Way.ENTRY
) -> dict[int, Prediction]:
    verifier = SignatureVerifier(runner=RunnerWith(), folder=folder / "verifier")
    return predict_start(verifier, host, firmware, way=way)


def programs(*files: bytes) -> bytes:
    return register([digests(4)[0], SEPARATED, *(parse_pe(each).digest() for each in files)])


def test_all_of_it_is_predicted(tmp_path: Path) -> None:
    found = predicted(tmp_path)
    assert set(found) == {4, 7, 8, 9, 11, 14}
    assert found[4].value == programs(LOADERS["/EFI/debian/shimx64.efi"], GRUB, LINUX)
    assert found[4].why == f"shim, GRUB, Linux {RELEASE}"
    assert found[11].value == ZERO == pcrs()[11]
    # The real programs and the real kernel are not here; what they do not enter is the same.
    assert differing(found, pcrs()) == (4, 7, 9)
    assert differing(found, {pcr: each.value or b"" for pcr, each in found.items()}) == ()


def test_the_removable_path_has_its_own_files(tmp_path: Path) -> None:
    found = predicted(tmp_path, way=Way.REMOVABLE)
    other = LOADERS["/EFI/BOOT/grubx64.efi"]
    assert found[4].value == programs(LOADERS["/EFI/BOOT/BOOTX64.EFI"], other, LINUX)


def test_the_fallback_restarts_by_the_entry_that_it_writes(tmp_path: Path) -> None:
    files = {**ESP_FILES, **LOADERS, "/EFI/BOOT/fbx64.efi": efi_program()}
    host = replace(HOST, esp=esp(files))
    assert predicted(tmp_path, host, way=Way.REMOVABLE) == predicted(tmp_path, host)


def test_the_same_without_a_log(tmp_path: Path) -> None:
    found = predicted(tmp_path, firmware=replace(FIRMWARE, events=()))
    assert "as specified" in found[4].why
    assert {pcr: each.value for pcr, each in found.items()} == {
        pcr: each.value for pcr, each in predicted(tmp_path).items()
    }


def test_disks_without_numbers_leave_the_files_to_be_told(tmp_path: Path) -> None:
    host = replace(
        HOST,
        esp=esp({**ESP_FILES, **LOADERS}, f"{UNNUMBERED}esp"),
        volumes=(root(FILES, f"{UNNUMBERED}root"),),
    )
    found = predicted(tmp_path, host)
    assert found[8].value is None
    assert "numbers" in found[8].why
    assert found[9] == predicted(tmp_path)[9]


def test_another_machine_keys_are_not_known(tmp_path: Path) -> None:
    found = predicted(tmp_path, firmware=FirmwareState(variables=None))
    assert {pcr for pcr, each in found.items() if each.value is None} == {7, 14}


@pytest.mark.parametrize(("told", "setup"), [(None, True), (b"\x01", True), (b"\0", False)])
def test_the_firmware_says_whether_it_has_a_setup(told: bytes | None, setup: bool) -> None:
    more = {} if told is None else {("OsIndicationsSupported", GLOBAL): told}
    assert FirmwareState(variables={**variables(), **more}).setup is setup


def test_a_menu_that_cannot_be_followed_leaves_its_only_kernel(tmp_path: Path) -> None:
    (tmp_path / f"vmlinuz-{RELEASE}").write_bytes(LINUX)
    (tmp_path / "vmlinuz-7.0").write_bytes(GRUB)
    kernel, other = tmp_path / f"vmlinuz-{RELEASE}", tmp_path / "vmlinuz-7.0"
    menu = {**ESP_FILES, **LOADERS, "/EFI/debian/grub.cfg": b"load_env\n"}
    host = replace(HOST, esp=esp(menu), kernels=(kernel, kernel))
    found = predicted(tmp_path, host)
    assert found[4] == predicted(tmp_path)[4]
    assert {pcr for pcr, each in found.items() if each.value is None} == {8, 9}
    found = predicted(tmp_path, replace(host, kernels=(kernel, other)))
    assert {pcr for pcr, each in found.items() if each.value is None} == {4, 7, 8, 9}
    assert "environment" in found[4].why


def test_what_is_missing_is_told(tmp_path: Path) -> None:
    found = predicted(tmp_path, replace(HOST, esp=esp()))
    assert "shimx64.efi" in found[4].why
    assert {pcr for pcr, each in found.items() if each.value is None} == {4, 7, 14}


def test_it_fits_on_a_screen(tmp_path: Path) -> None:
    found = predicted(tmp_path, firmware=FirmwareState(variables=None))
    text = predictions_text(found)
    assert all(len(line) <= 80 for line in text.splitlines())
    assert text.startswith(
        f"PCR 4   {found[4].value.hex() if found[4].value else ''}\n        shim"
    )
    assert "PCR 7   cannot be predicted\n        it depends on the keys" in text
    assert predictions_json(found)["7"] == {"sha256": None, "why": found[7].why}
    assert predictions_json(found)["11"]["sha256"] == "0" * 64


@pytest.mark.parametrize("seed", range(40))
def test_whatever_lies_on_the_esp_is_predicted_or_told(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    files = {**ESP_FILES, **LOADERS}
    for name, content in tuple(files.items()):
        data = bytearray(content)
        for _ in range(3):
            data[chance.randrange(len(data))] = chance.randrange(256)
        files[name] = bytes(data[: chance.choice([len(data), chance.randrange(len(data))])])
    found = {key: chance.randbytes(chance.randrange(100)) for key in variables()}
    firmware = FirmwareState(variables={**found, ("SecureBoot", GLOBAL): b"\1"}, events=EVENTS)
    predictions_text(predicted(tmp_path, replace(HOST, esp=esp(files)), firmware))
