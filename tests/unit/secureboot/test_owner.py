"""The owner's keys, with openssl and sbsigntool themselves."""

from __future__ import annotations

import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key
from cryptography.x509 import CertificateBuilder, Name, NameAttribute
from cryptography.x509.oid import NameOID

from installer.errors import CommandFailed
from installer.secret import Secret
from installer.secureboot.owner import (
    KeyPair,
    copy_certificate,
    key_problem,
    make_pair,
    packed_key,
    sign_program,
)
from tests.unit.host.programs import RunnerWith, efi_program, holds, make_key

TOOLS = ("openssl", "sbsign", "sbverify", "sbvarsign")
pytestmark = pytest.mark.skipif(
    not all(map(shutil.which, TOOLS)), reason=f"needs {', '.join(TOOLS)}"
)
PIN = Secret("correct-1234")
DAY = timedelta(days=1)
ENGINES = Path("/usr/lib/x86_64-linux-gnu/engines-3/pkcs11.so")


def subject(certificate: Path) -> str:
    command = [
        "openssl",
        "x509",
        "-in",
        str(certificate),
        "-noout",
        "-subject",
        "-nameopt",
        "RFC2253",
    ]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def dated(folder: Path, key: Path, first: timedelta, last: timedelta) -> Path:
    """A certificate that is valid between two moments, seen from now."""
    loaded = load_pem_private_key(key.read_bytes(), None)
    assert isinstance(loaded, RSAPrivateKey)
    name = Name([NameAttribute(NameOID.COMMON_NAME, "dated")])
    now = datetime.now(UTC)
    made = CertificateBuilder(name, name, loaded.public_key(), 1, now + first, now + last)
    place = folder / "dated.pem"
    place.write_bytes(made.sign(loaded, SHA256()).public_bytes(Encoding.PEM))
    return place


def test_a_key_that_is_made_signs_what_has_signatures_already(tmp_path: Path) -> None:
    runner = RunnerWith()
    first = make_pair(runner, tmp_path, "db", "edge-01.example.net")
    second = make_pair(runner, tmp_path, "KEK", "edge-01.example.net")
    assert subject(first.certificate).startswith("subject=CN=edge-01 Photon db 20")
    assert Path(first.key).stat().st_mode & 0o777 == 0o600
    program = tmp_path / "program.efi"
    program.write_bytes(efi_program())
    program.chmod(0o640)
    signed = tmp_path / "signed.efi"
    sign_program(runner, first, program, signed)
    sign_program(runner, second, signed, signed)
    assert holds(first.certificate, signed)
    assert holds(second.certificate, signed)
    assert signed.stat().st_mode & 0o777 == 0o640
    assert not holds(first.certificate, program)
    assert sorted(tmp_path.glob("*.new")) == []


def test_what_is_no_program_is_not_signed_and_stays(tmp_path: Path) -> None:
    runner = RunnerWith()
    pair = make_pair(runner, tmp_path, "db", "host")
    program = tmp_path / "program.efi"
    program.write_bytes(b"MZ and nothing more")
    with pytest.raises(CommandFailed):
        sign_program(runner, pair, program, program)
    assert program.read_bytes() == b"MZ and nothing more"
    assert sorted(tmp_path.glob("*.new")) == []


def test_certificates_that_are_none_for_firmware(tmp_path: Path) -> None:
    runner, copy = RunnerWith(), tmp_path / "copy.pem"
    good, key = make_key(tmp_path, "good")
    assert copy_certificate(runner, str(good), copy) == ""
    assert copy.read_text() == good.read_text()
    der = tmp_path / "good.der"
    subprocess.run(["openssl", "x509", "-in", good, "-outform", "DER", "-out", der], check=True)
    assert copy_certificate(runner, str(der), copy) == ""
    assert copy.read_text() == good.read_text()
    assert "cannot be read" in copy_certificate(runner, str(key), copy)
    assert "cannot be read" in copy_certificate(runner, str(tmp_path / "none"), copy)
    damaged = tmp_path / "damaged.der"
    constraints = bytes.fromhex("30030101ff")
    assert constraints in der.read_bytes()
    damaged.write_bytes(der.read_bytes().replace(constraints, bytes.fromhex("30030201ff")))
    assert "is damaged" in copy_certificate(runner, str(damaged), copy)
    short, _ = make_key(tmp_path, "short", "-newkey", "rsa:1024")
    assert "2048" in copy_certificate(runner, str(short), copy)
    curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256")
    elliptic, _ = make_key(tmp_path, "elliptic", *curve)
    assert "RSA" in copy_certificate(runner, str(elliptic), copy)
    yesterday = dated(tmp_path, key, -2 * DAY, -DAY)
    assert copy_certificate(runner, str(yesterday), copy).endswith("has expired")
    told = copy_certificate(runner, str(dated(tmp_path, key, DAY, 2 * DAY)), copy)
    assert "is valid from 20" in told
    assert "this machine's clock says 20" in told


def test_a_certificate_that_is_no_file(tmp_path: Path) -> None:
    runner, copy = RunnerWith(), tmp_path / "copy.pem"
    good, key = make_key(tmp_path, "good")
    text = good.read_text()
    # What counts is the certificate, not where its lines end.
    for each in (text, text.replace("\n", "\r\n"), text.replace("\n", " ")):
        assert copy_certificate(runner, each, copy) == ""
        assert copy.read_text() == text
    short, _ = make_key(tmp_path, "short", "-newkey", "rsa:1024")
    told = copy_certificate(runner, short.read_text(), copy)
    assert told.startswith("the certificate in the kickstart (SHA-256 ")
    assert "2048" in told
    old = dated(tmp_path, key, -2 * DAY, -DAY).read_text()
    assert "expired" in copy_certificate(runner, old, copy)
    assert "BEGIN" not in " ".join(runner.commands)


def test_keys_that_do_not_fit(tmp_path: Path) -> None:
    runner = RunnerWith()
    certificate, key = make_key(tmp_path, "db")
    _, other = make_key(tmp_path, "other")
    locked = tmp_path / "locked.key"
    lock = ["openssl", "pkey", "-in", str(key), "-aes256", "-passout", "pass:secret"]
    lock += ["-out", str(locked)]
    subprocess.run(lock, check=True)

    def problem(file: Path) -> str:
        return key_problem(runner, KeyPair(certificate=certificate, key=str(file)), tmp_path)

    assert problem(key) == ""
    assert "is not the private key of the certificate" in problem(other)
    assert "is encrypted" in problem(locked)
    assert "no private key" in problem(tmp_path / "none")
    assert "nothing can be signed" in problem(certificate)
    assert sorted(tmp_path.glob("trial*")) == []


def test_a_packed_key_opens_with_its_passphrase_alone(tmp_path: Path) -> None:
    runner = RunnerWith()
    pair = make_pair(runner, tmp_path, "db", "host")
    packed = tmp_path / "db.p12"
    packed_key(runner, pair, "db", Secret("correct horse"), packed)
    assert "correct horse" not in " ".join(runner.commands)

    def opened(passphrase: str) -> str:
        command = ["openssl", "pkcs12", "-in", str(packed), "-nodes", "-passin", "stdin"]
        done = subprocess.run(
            command, input=passphrase, capture_output=True, text=True, check=False
        )
        return done.stdout

    assert "PRIVATE KEY" in opened("correct horse\n")
    assert "PRIVATE KEY" not in opened("another\n")


@pytest.fixture
def token(tmp_path: Path) -> RunnerWith:
    """A runner whose programs know one token, ``photon``, with the key of ``db.pem``."""
    if shutil.which("softhsm2-util") is None or not ENGINES.is_file():
        pytest.skip("needs softhsm2 and libengine-pkcs11-openssl")
    tokens, configuration = tmp_path / "tokens", tmp_path / "softhsm2.conf"
    tokens.mkdir()
    configuration.write_text(f"directories.tokendir = {tokens}\n")
    runner = RunnerWith(environment={"SOFTHSM2_CONF": str(configuration)})
    _, key = make_key(tmp_path, "db")
    pin = ["--pin", PIN.reveal()]
    make = ["softhsm2-util", "--init-token", "--free", "--label", "photon", "--so-pin", "12345678"]
    runner.run([*make, *pin])
    put = [
        "softhsm2-util",
        "--import",
        str(key),
        "--token",
        "photon",
        "--label",
        "db",
        "--id",
        "01",
    ]
    runner.run([*put, *pin])
    runner.commands.clear()
    key.unlink()
    return runner


def test_a_key_in_a_token_signs_and_its_pin_is_in_no_command(
    token: RunnerWith, tmp_path: Path
) -> None:
    pair = KeyPair(certificate=tmp_path / "db.pem", key="pkcs11:token=photon;object=db", pin=PIN)
    assert key_problem(token, pair, tmp_path) == ""
    program = tmp_path / "program.efi"
    program.write_bytes(efi_program())
    sign_program(token, pair, program, program)
    assert holds(pair.certificate, program)
    assert PIN.reveal() not in " ".join(token.commands)


@pytest.mark.parametrize(
    ("key", "pin"),
    [
        ("pkcs11:token=photon;object=db", Secret("wrong")),
        ("pkcs11:token=photon;object=db", None),
        ("pkcs11:token=absent;object=db", PIN),
        ("pkcs11:token=photon;object=absent", PIN),
    ],
)
def test_a_token_that_cannot_sign(
    token: RunnerWith, tmp_path: Path, key: str, pin: Secret | None
) -> None:
    pair = KeyPair(certificate=tmp_path / "db.pem", key=key, pin=pin)
    assert "nothing can be signed with" in key_problem(token, pair, tmp_path)


def test_the_token_has_the_key_of_another_certificate(token: RunnerWith, tmp_path: Path) -> None:
    other, _ = make_key(tmp_path, "other")
    pair = KeyPair(certificate=other, key="pkcs11:token=photon;object=db", pin=PIN)
    assert "is not the private key" in key_problem(token, pair, tmp_path)
