"""The owner's keys: made and tried with openssl and sbsigntool, and what is signed with them."""

from __future__ import annotations

import base64
import shutil
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from installer.config.boot import PKCS11
from installer.config.boot_certificate import certificate_fault, certificate_name, is_pem
from installer.errors import CommandFailed
from installer.secret import Secret
from installer.system.runner import Runner

# Every firmware takes RSA with 2048 bits, which is what Microsoft's own are; more is optional.
_BITS = 2048
# The firmware does not look at dates, those who check its keys do: longer than a machine lives.
_DAYS = 20 * 365 + 5
_MINUTE = "%Y-%m-%d %H:%M UTC"
_LONGEST_HOST = 32  # of the 64 characters that a common name may have


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyPair:
    """A certificate (PEM) and its private key: the path of a PEM file, or a PKCS#11 URI.

    A token's ``pin`` goes to the standard input of whoever uses the key: OpenSSL asks there when
    it has no terminal.
    """

    certificate: Path
    key: str
    pin: Secret | None = None

    @property
    def in_token(self) -> bool:
        """Whether the private key never leaves a token."""
        return self.key.startswith(PKCS11)

    @property
    def arguments(self) -> tuple[str, ...]:
        """What sbsign and sbvarsign are told of it."""
        engine = ("--engine", "pkcs11") if self.in_token else ()
        return (*engine, "--key", self.key, "--cert", str(self.certificate))

    @property
    def answer(self) -> Secret | None:
        """What they are told when they ask."""
        return None if self.pin is None else Secret(self.pin.reveal() + "\n")


def make_pair(runner: Runner, folder: Path, name: str, host: str) -> KeyPair:
    """A new key and a certificate that it signs itself, as ``NAME.key`` and ``NAME.pem``.

    The key is not encrypted: ``folder`` must be private and in memory.
    """
    pair = KeyPair(certificate=folder / f"{name}.pem", key=str(folder / f"{name}.key"))
    subject = f"/CN={host.partition('.')[0][:_LONGEST_HOST]} Photon {name} {time.gmtime().tm_year}"
    runner.run(
        [
            *("openssl", "req", "-x509", "-newkey", f"rsa:{_BITS}", "-noenc", "-sha256"),
            *("-days", str(_DAYS), "-subj", subject),
            *("-keyout", pair.key, "-out", str(pair.certificate)),
        ]
    )
    return pair


def copy_certificate(runner: Runner, certificate: str, target: Path) -> str:
    """Make a PEM file of a certificate; what is wrong with it, or "".

    ``certificate`` is the path of a file, PEM or DER, whose first certificate is taken, or the
    text itself.
    """
    name = certificate_name(certificate)
    try:
        if is_pem(certificate):
            read = ["openssl", "x509", "-inform", "DER", "-out", str(target)]
            runner.run(read, stdin=pem_to_der(certificate))
        else:
            runner.run(["openssl", "x509", "-in", certificate, "-out", str(target)])
        modulus = runner.run(["openssl", "x509", "-in", str(target), "-noout", "-modulus"])
        first, last = _validity(runner, target)
        damaged = certificate_fault(target.read_text(encoding="ascii"))
    except (CommandFailed, ValueError):
        return f"{name} cannot be read"
    if damaged:
        return f"{name} is damaged: OpenSSL reads it, but not all that is in it"
    # Of a key that is not RSA it prints a sentence without the digits.
    digits = modulus.strip().removeprefix("Modulus=")
    if not digits.isalnum() or len(digits) * 4 < _BITS:
        return f"{name} has no RSA key of {_BITS} bits or more, which is what firmware takes"
    now = datetime.now(UTC)
    if now < first:
        return (
            f"{name} is valid from {first:{_MINUTE}} on, this machine's clock says {now:{_MINUTE}}"
        )
    return f"{name} has expired" if now >= last else ""


def _validity(runner: Runner, certificate: Path) -> tuple[datetime, datetime]:
    """From when until when a certificate is valid.

    :raises ValueError: what stands there is no time.
    """
    command = ["openssl", "x509", "-in", str(certificate), "-noout", "-dateopt", "iso_8601"]
    first, last = (
        datetime.fromisoformat(runner.run([*command, which]).strip().partition("=")[2])
        for which in ("-startdate", "-enddate")
    )
    return first, last


def key_problem(runner: Runner, pair: KeyPair, folder: Path) -> str:
    """Why nothing can be signed with the key in the name of the certificate; "" when it can.

    Something is signed, so that it holds for a key in a token too: its presence, its PIN.
    """
    if not pair.in_token:
        try:
            encrypted = "ENCRYPTED" in Path(pair.key).read_text(encoding="ascii")
        except (OSError, UnicodeDecodeError):
            return f"no private key (PEM) can be read from {pair.key}"
        if encrypted:
            return f"the private key in {pair.key} is encrypted; only a token's can be opened here"
    trial, signed = folder / "trial", folder / "trial.signed"
    trial.write_bytes(b"trial")
    try:
        command = ["sbvarsign", *pair.arguments, "--output", str(signed), "db", str(trial)]
        runner.run(command, stdin=pair.answer)
        # With a key of another certificate it writes a signature of nobody, and ends well.
        if certificate_der(pair.certificate) not in signed.read_bytes():
            return f"{pair.key} is not the private key of the certificate"
    except (CommandFailed, OSError):
        return f"nothing can be signed with {pair.key}: is it there, and is its PIN right?"
    finally:
        trial.unlink(missing_ok=True)
        signed.unlink(missing_ok=True)
    return ""


def sign_program(runner: Runner, pair: KeyPair, source: Path, target: Path) -> None:
    """Add a signature to an EFI program, those that it has stay; ``target`` is replaced as a whole.

    :raises CommandFailed: it cannot be signed, or the signature does not hold.
    """
    new = target.with_name(f"{target.name}.new")
    new.unlink(missing_ok=True)  # sbsign would follow a link
    try:
        command = ["sbsign", *pair.arguments, "--output", str(new), str(source)]
        runner.run(command, stdin=pair.answer)
        runner.run(["sbverify", "--cert", str(pair.certificate), str(new)])
        shutil.copymode(source, new)
        new.replace(target)
    finally:
        new.unlink(missing_ok=True)


def packed_key(runner: Runner, pair: KeyPair, name: str, passphrase: Secret, target: Path) -> None:
    """Write a key and its certificate as an encrypted PKCS#12 file, and open that again.

    :raises CommandFailed: it did not work.
    """
    answer = Secret(passphrase.reveal() + "\n")
    runner.run(
        [
            *("openssl", "pkcs12", "-export", "-name", name, "-passout", "stdin"),
            *(
                "-keypbe",
                "AES-256-CBC",
                "-certpbe",
                "AES-256-CBC",
                "-macalg",
                "sha256",
                "-iter",
                "600000",
            ),
            *("-inkey", pair.key, "-in", str(pair.certificate), "-out", str(target)),
        ],
        stdin=answer,
    )
    check = ["openssl", "pkcs12", "-in", str(target), "-noout", "-passin", "stdin"]
    runner.run(check, stdin=answer)


def certificate_der(certificate: Path) -> bytes:
    """The bytes of a certificate in a PEM file that holds nothing else."""
    return pem_to_der(certificate.read_text(encoding="ascii"))


def pem_to_der(text: str) -> bytes:
    """What stands between the first line and the last, decoded."""
    return base64.b64decode("".join(text.split("-----")[2].split()))
