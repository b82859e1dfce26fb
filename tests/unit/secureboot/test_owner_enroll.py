"""Enrolling: what is written to the firmware's variables, in which order, and what comes of it."""

from __future__ import annotations

import shutil
import struct
import subprocess
from pathlib import Path
from uuid import UUID

import pytest
from virt.firmware.efi.efivar import EfiVar

from installer.errors import CommandFailed
from installer.secureboot import enroll
from installer.secureboot.lists import parse_lists, signature_list
from installer.secureboot.owner import certificate_der, make_pair
from installer.secureboot.variables import GLOBAL, SECURITY
from installer.system.runner import Runner
from tests.unit.host.programs import RunnerWith

TOOLS = ("openssl", "sign-efi-sig-list", "chattr")
pytestmark = pytest.mark.skipif(
    not all(map(shutil.which, TOOLS)), reason=f"needs {', '.join(TOOLS)}"
)
OWNER = "01234567-89ab-4def-8123-456789abcdef"
VENDORS = {"db": SECURITY, "KEK": GLOBAL, "PK": GLOBAL}


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the three keys."""
    folder = tmp_path_factory.mktemp("keys")
    for name in VENDORS:
        make_pair(RunnerWith(), folder, name, "host")
    return folder


class Firmware:
    """Takes updates as firmware in Setup Mode does, in a folder instead of efivarfs."""

    def __init__(self, folder: Path, *, refusing: str = "", setup: bool = True) -> None:
        self.folder, self.refusing, self.order = folder, refusing, list[str]()
        self.put("SetupMode", GLOBAL, b"\x01" if setup else b"\x00")

    def put(self, name: str, vendor: str, value: bytes) -> None:
        (self.folder / f"{name}-{vendor}").write_bytes(struct.pack("<I", 0x27) + value)

    def take(self, _runner: Runner, place: Path, update: bytes) -> None:
        name, _, vendor = place.name.partition("-")
        if name == self.refusing:
            raise PermissionError(1, "Operation not permitted")
        self.order.append(name)
        self.put(name, vendor, bytes(EfiVar(name, authdata=update).data))
        if name == "PK":
            self.put("SetupMode", GLOBAL, b"\x00")


def names_in(data: bytes) -> list[str]:
    return [each.name for each in parse_lists(data).certificates]


def is_signed_by(certificate: Path, name: str, update: bytes, folder: Path) -> bool:
    """Whether the update is signed as UEFI specification 2.10, section 8.2.2, says."""
    (size,) = struct.unpack_from("<I", update, 16)
    signature, content = update[16 + 24 : 16 + size], update[16 + size :]
    vendor = UUID(VENDORS[name]).bytes_le
    attributes = struct.pack("<I", 0x27)
    said = name.encode("utf-16-le") + vendor + attributes + update[:16] + content
    # openssl wants the signed data wrapped, with its kind.
    kind = bytes.fromhex("06092a864886f70d010702")
    inner = b"\xa0" + _length(len(signature)) + signature
    whole = b"\x30" + _length(len(kind) + len(inner)) + kind + inner
    (folder / "said").write_bytes(said)
    (folder / "signature").write_bytes(whole)
    command = ["openssl", "cms", "-verify", "-inform", "DER", "-in", f"{folder}/signature"]
    command += ["-content", f"{folder}/said", "-binary", "-purpose", "any", "-nointern"]
    command += ["-CAfile", str(certificate), "-certfile", str(certificate)]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def _length(size: int) -> bytes:
    return b"\x82" + struct.pack(">H", size)


@pytest.mark.parametrize("microsoft", [True, False])
def test_what_the_updates_hold(keys: Path, microsoft: bool, tmp_path: Path) -> None:
    folder = tmp_path / "work"
    shutil.copytree(keys, folder)
    enroll.sign_updates(RunnerWith(), folder, OWNER, microsoft=microsoft)
    found = {name: names_in((folder / f"{name}.esl").read_bytes()) for name in VENDORS}
    for name, names in found.items():
        assert names[0].startswith(f"host Photon {name} ")
    assert len(found["PK"]) == 1
    if microsoft:
        assert "Microsoft Corporation KEK CA 2011" in found["KEK"]
        assert any("KEK 2K CA 2023" in each for each in found["KEK"])
        for each in ("Microsoft Corporation UEFI CA 2011", "Microsoft UEFI CA 2023"):
            assert each in found["db"]
        for each in ("Microsoft Windows Production PCA 2011", "Windows UEFI CA 2023"):
            assert each in found["db"]
    else:
        assert len(found["KEK"]) == len(found["db"]) == 1


@pytest.mark.parametrize(("name", "signer"), [("db", "KEK"), ("KEK", "PK"), ("PK", "PK")])
def test_each_update_is_signed_by_the_key_above_it(
    keys: Path, name: str, signer: str, tmp_path: Path
) -> None:
    enroll.sign_updates(RunnerWith(), keys, OWNER, microsoft=False)
    update = (keys / f"{name}.auth").read_bytes()
    assert is_signed_by(keys / f"{signer}.pem", name, update, tmp_path)
    other = "db" if signer != "db" else "PK"
    assert not is_signed_by(keys / f"{other}.pem", name, update, tmp_path)
    changed = update[:-1] + bytes([update[-1] ^ 1])
    assert not is_signed_by(keys / f"{signer}.pem", name, changed, tmp_path)


def test_pk_comes_last_and_ends_setup_mode(
    keys: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    firmware = Firmware(tmp_path)
    firmware.put("db", SECURITY, b"")
    monkeypatch.setattr(enroll, "_write", firmware.take)
    enroll.sign_updates(RunnerWith(), keys, OWNER, microsoft=True)
    assert enroll.in_setup_mode(tmp_path)
    enroll.enroll(RunnerWith(), keys, tmp_path)
    assert firmware.order == ["db", "KEK", "PK"]
    assert not enroll.in_setup_mode(tmp_path)


@pytest.mark.parametrize(("refusing", "before"), [("db", []), ("PK", ["db", "KEK"])])
def test_a_refusal_leaves_setup_mode(
    keys: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, refusing: str, before: list[str]
) -> None:
    firmware = Firmware(tmp_path, refusing=refusing)
    monkeypatch.setattr(enroll, "_write", firmware.take)
    enroll.sign_updates(RunnerWith(), keys, OWNER, microsoft=False)
    with pytest.raises(CommandFailed, match=f"did not take the variable {refusing}") as caught:
        enroll.enroll(RunnerWith(), keys, tmp_path)
    assert "still in Setup Mode" in caught.value.hint
    assert firmware.order == before
    assert enroll.in_setup_mode(tmp_path)


def test_firmware_that_keeps_something_else(
    keys: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    firmware = Firmware(tmp_path)

    def forget(_runner: Runner, place: Path, _update: bytes) -> None:
        name, _, vendor = place.name.partition("-")
        firmware.put(name, vendor, b"")

    monkeypatch.setattr(enroll, "_write", forget)
    enroll.sign_updates(RunnerWith(), keys, OWNER, microsoft=False)
    with pytest.raises(CommandFailed, match="db is not what was written"):
        enroll.enroll(RunnerWith(), keys, tmp_path)


def test_a_variable_is_written_at_once_with_its_attributes(keys: Path, tmp_path: Path) -> None:
    """In a plain folder what is read back is the update itself, which no firmware has taken."""
    runner = RunnerWith()
    enroll.sign_updates(runner, keys, OWNER, microsoft=False)
    with pytest.raises(CommandFailed, match="did not take the variable db"):
        enroll.enroll(runner, keys, tmp_path)
    written = (tmp_path / f"db-{SECURITY}").read_bytes()
    assert written == struct.pack("<I", 0x27) + (keys / "db.auth").read_bytes()
    assert not any("chattr" in each for each in runner.commands)
    with pytest.raises(CommandFailed):
        enroll.enroll(runner, keys, tmp_path)
    assert any("chattr -i" in each for each in runner.commands)


def test_a_list_is_what_the_library_reads(keys: Path) -> None:
    der = certificate_der(keys / "db.pem")
    variable = EfiVar("db", data=signature_list(OWNER, der))
    (only,) = variable.sigdb
    assert only[0]["data"] == der
    assert str(only[0]["guid"]) == OWNER
