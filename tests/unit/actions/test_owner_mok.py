"""Asking shim to enroll a certificate, with mokutil itself and a folder in place of efivarfs."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from passlib.handlers import sha2_crypt
from passlib.hash import sha512_crypt
from passlib.utils.binary import h64

from installer.actions.boot import mok
from installer.actions.boot.mok import QueueMok
from installer.actions.context import Context
from installer.errors import CommandFailed, MachineUnfit
from installer.events import Event, Message
from installer.secret import Secret
from installer.secureboot.lists import parse_lists
from installer.secureboot.owner import certificate_der
from installer.secureboot.variables import GLOBAL, SHIM
from tests.unit.host.programs import RunnerWith, make_key

TOOLS = ("openssl", "mokutil")
pytestmark = pytest.mark.skipif(
    not all(map(shutil.which, TOOLS)), reason=f"needs {', '.join(TOOLS)}"
)
PASSWORD = Secret("bcdefghijkln")


@pytest.fixture
def variables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The variables of firmware that enforces Secure Boot."""
    folder = tmp_path / "efivars"
    folder.mkdir()
    for name, value in {"SecureBoot": b"\x01", "SetupMode": b"\x00"}.items():
        (folder / f"{name}-{GLOBAL}").write_bytes(b"\x06\0\0\0" + value)
    monkeypatch.setattr(mok, "EFIVARS", folder)
    return folder


@pytest.fixture
def told() -> list[Event]:
    return []


@pytest.fixture
def context(tmp_path: Path, variables: Path, told: list[Event]) -> Iterator[Context]:
    runner = RunnerWith(environment={"EFIVARFS_PATH": f"{variables}/"})
    made = Context(
        runner=runner, emit=told.append, target=tmp_path / "root", work=tmp_path / "work"
    )
    yield made
    made.unwind()
    assert list(made.work.iterdir()) == []
    assert not any(PASSWORD.reveal() in each for each in runner.commands)


def queue(context: Context, certificate: Path, password: Secret = PASSWORD) -> None:
    action = QueueMok(certificate=str(certificate), password=password)
    action.check(context)
    action.run(context)


def requested(variables: Path) -> list[bytes]:
    data = (variables / f"MokNew-{SHIM}").read_bytes()[4:]
    return [each.der for each in parse_lists(data).certificates]


def opens(variables: Path, password: Secret) -> bool:
    """Whether MokManager would take the password: PASSWORD_CRYPT in shim's include/PasswordCrypt.h.

    https://github.com/rhboot/shim/blob/main/include/PasswordCrypt.h
    """
    data = (variables / f"MokAuth-{SHIM}").read_bytes()[4:]
    method, rounds = int.from_bytes(data[:2], "little"), int.from_bytes(data[2:10], "little")
    salt_size = int.from_bytes(data[10:12], "little")
    salt, digest = data[12 : 12 + salt_size].decode(), data[44:108]
    assert method == 4  # SHA-512 crypt
    using: Any = sha512_crypt.using
    made = using(rounds=rounds, salt=salt).hash(password.reveal())
    return str(made).rpartition("$")[2] == _as_text(digest)


def _as_text(digest: bytes) -> str:
    """The bytes of a digest in the order and the letters that crypt(5) has."""
    order: Any = vars(sha2_crypt)["_512_transpose_map"]
    encode: Any = h64.encode_transposed_bytes
    return str(encode(digest, order).decode())


def test_the_request_and_its_password(context: Context, variables: Path, tmp_path: Path) -> None:
    certificate, _ = make_key(tmp_path, "mok")
    queue(context, certificate)
    assert requested(variables) == [certificate_der(certificate)]
    assert opens(variables, PASSWORD)
    assert not opens(variables, Secret("another"))


def test_a_request_that_waits_is_replaced(
    context: Context, variables: Path, tmp_path: Path
) -> None:
    certificate, _ = make_key(tmp_path, "mok")
    queue(context, certificate, Secret("of another day"))
    queue(context, certificate)
    assert opens(variables, PASSWORD)


def test_a_certificate_of_the_kickstart_is_queued(
    context: Context, variables: Path, tmp_path: Path
) -> None:
    certificate, _ = make_key(tmp_path, "mok")
    action = QueueMok(certificate=certificate.read_text(), password=PASSWORD)
    action.check(context)
    certificate.unlink()
    action.run(context)
    (der,) = requested(variables)
    assert hashlib.sha256(der).hexdigest()[:16] in action.describe()
    assert "BEGIN" not in action.describe()


def test_it_is_withdrawn_when_the_installation_fails(
    context: Context, variables: Path, tmp_path: Path
) -> None:
    certificate, _ = make_key(tmp_path, "mok")
    queue(context, certificate)
    context.compensate()
    assert not (variables / f"MokNew-{SHIM}").exists()


def test_what_the_firmware_trusts_already_is_told(
    context: Context, variables: Path, tmp_path: Path, told: list[Event]
) -> None:
    certificate, _ = make_key(tmp_path, "mok")
    queue(context, certificate)
    (variables / f"MokNew-{SHIM}").rename(variables / f"MokListRT-{SHIM}")
    queue(context, certificate)
    (said,) = [each.text for each in told if isinstance(each, Message)]
    assert said == f"Shim trusts the certificate {certificate} already: it need not be enrolled."


def test_what_cannot_be_enrolled(
    context: Context, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, key = make_key(tmp_path, "mok")
    with pytest.raises(MachineUnfit, match=r"mok\.key cannot be read"):
        queue(context, key)
    monkeypatch.setattr(mok, "EFIVARS", tmp_path / "none")
    with pytest.raises(CommandFailed, match="not mounted"):
        queue(context, key)
