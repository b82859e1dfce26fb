"""PCR 7: the firmware's part against a real log, the rest with keys and signatures made here."""

from __future__ import annotations

import base64
import shutil
import struct
import subprocess
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import UUID

import pytest

from installer.measured.log import Event, register, until_separator
from installer.measured.policy import predict_policy
from installer.measured.prediction import UnpredictableError
from installer.measured.shim import ShimState, shim_state
from installer.measured.variables import measured_name, variable_digest
from installer.secureboot.lists import entries, signature_list
from installer.secureboot.pe import parse_pe
from installer.secureboot.signature import SignatureVerifier
from installer.secureboot.variables import GLOBAL, SECURITY, SHIM, Variables
from tests.unit.host.programs import RunnerWith, efi_program, make_key
from tests.unit.measured.capture import EVENTS, LEVEL, digests, shim_program, variables

TOOLS = ("openssl", "sbsign")
pytestmark = pytest.mark.skipif(
    not all(map(shutil.which, TOOLS)), reason=f"needs {', '.join(TOOLS)}"
)
AUTHORITY = 0x800000E0
STATE = shim_state(shim_program(), variables())
FIRMWARE = digests(7)[:6]
SBAT = variable_digest("SbatLevel", SHIM, LEVEL)


@dataclass(frozen=True)
class Key:
    """A key, and its certificate as a list."""

    certificate: Path
    key: Path

    @property
    def lists(self) -> bytes:
        lines = self.certificate.read_text().split("-----")[2]
        return signature_list(SHIM, base64.b64decode(lines))

    def vouches(self, name: str, vendor: str) -> bytes:
        return variable_digest(name, vendor, next(entries(self.lists)).data)

    def sign(self, program: bytes) -> bytes:
        place = self.key.with_suffix(".efi")
        place.write_bytes(program)
        argv = ["sbsign", "--key", str(self.key), "--cert", str(self.certificate)]
        argv += ["--output", str(place), str(place)]
        subprocess.run(argv, check=True, capture_output=True)
        return place.read_bytes()


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> tuple[Key, Key]:
    """One that the firmware knows, and one that shim brings."""
    folder = tmp_path_factory.mktemp("keys")
    first, second = (Key(*make_key(folder, name)) for name in ("db", "vendor"))
    return first, second


@pytest.fixture
def verifier(tmp_path: Path) -> SignatureVerifier:
    return SignatureVerifier(runner=RunnerWith(), folder=tmp_path / "verifier")


def with_db(lists: bytes, secure_boot: bytes = b"\x01") -> Variables:
    return {("db", SECURITY): lists, ("SecureBoot", GLOBAL): secure_boot}


def firmware_part(found: Variables) -> list[bytes]:
    names = [("SecureBoot", GLOBAL), ("PK", GLOBAL), ("KEK", GLOBAL)]
    names += [("db", SECURITY), ("dbx", SECURITY)]
    return [*(variable_digest(*each, found.get(each, b"")) for each in names), FIRMWARE[5]]


def of(mok: bytes = b"", insecure: bytes = b"") -> ShimState:
    return replace(STATE, mok=mok, insecure=insecure)


def digest_list(program: bytes) -> bytes:
    kind = UUID("c1c41626-504c-4092-aca9-41f936934328").bytes_le
    return kind + struct.pack("<III", 76, 0, 48) + bytes(16) + parse_pe(program).digest()


def test_the_log_is_what_the_functions_say(verifier: SignatureVerifier) -> None:
    """The variables are measured as they are, and so is what vouches for a program."""
    off = {**variables(), ("SecureBoot", GLOBAL): b"\0"}
    expected = [*firmware_part(off), SBAT]
    for events in ((), EVENTS):
        found = predict_policy(verifier, [efi_program()], off, STATE, events)
        assert found.value == register(expected)
    assert firmware_part(variables()) == FIRMWARE
    assert digests(7)[7] == SBAT
    for event in (each for each in EVENTS if each.kind == AUTHORITY):
        name, vendor = measured_name(event.data)
        data = event.data[32 + 2 * len(name) :]
        assert variable_digest(name, vendor, data) == event.digest
    shim_own = next(entries(STATE.mok))
    assert variable_digest("MokListRT", SHIM, shim_own.data) == digests(7)[8]


def test_each_voucher_is_measured_once(verifier: SignatureVerifier, keys: tuple[Key, Key]) -> None:
    db, vendor = keys
    shim = db.sign(efi_program(b"\xc3shim"))
    grub, kernel = (vendor.sign(efi_program(each)) for each in (b"\xc3grub", b"\xc3linux"))
    found = with_db(db.lists)
    expected = [
        *firmware_part(found),
        db.vouches("db", SECURITY),
        SBAT,
        vendor.vouches("MokListRT", SHIM),
    ]
    prediction = predict_policy(verifier, [shim, grub, kernel], found, of(vendor.lists))
    assert prediction.value == register(expected)
    assert "not from its log" in prediction.why


def test_each_signature_has_its_voucher(verifier: SignatureVerifier, keys: tuple[Key, Key]) -> None:
    """The owner's signature comes behind the vendor's; shim looks for the vouchers of both."""
    db, vendor = keys
    shim = db.sign(vendor.sign(efi_program(b"\xc3shim")))
    grub = db.sign(vendor.sign(efi_program(b"\xc3grub")))
    found = with_db(db.lists + vendor.lists)
    expected = [
        *firmware_part(found),
        vendor.vouches("db", SECURITY),
        SBAT,
        vendor.vouches("db", SECURITY),
        db.vouches("db", SECURITY),
    ]
    prediction = predict_policy(verifier, [shim, grub], found, of(vendor.lists))
    assert prediction.value == register(expected)


def test_a_digest_vouches_as_well(verifier: SignatureVerifier, keys: tuple[Key, Key]) -> None:
    db, _ = keys
    shim, grub = efi_program(b"\xc3shim"), db.sign(efi_program(b"\xc3grub"))
    lists = [digest_list(shim), digest_list(grub), db.lists]
    found = with_db(b"".join(lists))
    expected = [
        *firmware_part(found),
        *(variable_digest("db", SECURITY, next(entries(each)).data) for each in lists[:1]),
        SBAT,
        *(variable_digest("db", SECURITY, next(entries(each)).data) for each in lists[1:2]),
    ]
    assert predict_policy(verifier, [shim, grub], found, of()).value == register(expected)


def test_a_shim_that_does_not_check_measures_nobody(
    verifier: SignatureVerifier, keys: tuple[Key, Key]
) -> None:
    db, _ = keys
    programs = [db.sign(efi_program()), db.sign(efi_program(b"\xc3grub"))]
    found = with_db(db.lists)
    expected = [
        *firmware_part(found),
        db.vouches("db", SECURITY),
        variable_digest("MokSBState", SHIM, b"\x01"),
        SBAT,
    ]
    assert predict_policy(verifier, programs, found, of(insecure=b"\x01")).value == register(
        expected
    )


def test_without_a_shim_the_firmware_looks_for_all(
    verifier: SignatureVerifier, keys: tuple[Key, Key]
) -> None:
    db, other = keys
    programs = [db.sign(efi_program()), other.sign(efi_program()), db.sign(efi_program(b"\xc3x"))]
    found = with_db(db.lists + other.lists)
    expected = [
        *firmware_part(found),
        db.vouches("db", SECURITY),
        other.vouches("db", SECURITY),
    ]
    assert predict_policy(verifier, programs, found, None).value == register(expected)


def test_what_a_firmware_measures_besides_comes_from_its_log(
    verifier: SignatureVerifier, keys: tuple[Key, Key]
) -> None:
    """A card's driver, which the entry of db that vouches for shim has vouched for already."""
    db, _ = keys
    found, own = with_db(db.lists), until_separator(EVENTS, 7)
    driver = Event(pcr=7, kind=AUTHORITY, digest=db.vouches("db", SECURITY), data=b"")
    events = (*own[:5], driver, own[5])
    expected = [*firmware_part(found)[:5], driver.digest, FIRMWARE[5], SBAT]
    shim = db.sign(efi_program())
    assert predict_policy(verifier, [shim], found, of(), events).value == register(expected)


@pytest.mark.parametrize(("lists", "program"), [(b"cut off", efi_program()), (b"", b"no program")])
def test_what_is_damaged_is_told(verifier: SignatureVerifier, lists: bytes, program: bytes) -> None:
    with pytest.raises(UnpredictableError, match="cannot be read"):
        predict_policy(verifier, [program], with_db(lists), of())
