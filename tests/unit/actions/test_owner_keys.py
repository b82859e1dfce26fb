"""The steps with the owner's keys, in a folder in place of the new root."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from installer.actions.boot.owner_keys import (
    BOOT_FOLDER,
    HANDED_OVER,
    EnrollOwnerKeys,
    HandOverKeys,
    KeepSigningKey,
    PrepareOwnerKeys,
    SignBootFiles,
    signed_copy,
)
from installer.actions.context import Context
from installer.config.boot import SigningKey
from installer.errors import CommandFailed, MachineUnfit
from installer.plan.model import plain
from installer.secret import Secret
from installer.secureboot import enroll
from tests.unit.host.programs import RunnerWith, efi_program, holds, make_key

TOOLS = ("openssl", "sbsign", "sbverify", "sbvarsign", "sign-efi-sig-list")
pytestmark = pytest.mark.skipif(
    not all(map(shutil.which, TOOLS)), reason=f"needs {', '.join(TOOLS)}"
)
ALL = ("PK", "KEK", "db")
PROGRAMS = (
    "/usr/lib/shim/shimx64.efi.signed",
    "/usr/lib/shim/mmx64.efi.signed",
    "/usr/lib/shim/fbx64.efi.signed",
    "/usr/lib/grub/x86_64-efi-signed/grubx64.efi.signed",
)
KERNEL = "boot/vmlinuz-6.12.1-amd64"


@pytest.fixture
def context(tmp_path: Path) -> Context:
    """With a root that has the programs and a kernel."""
    root = tmp_path / "root"
    for name in (*PROGRAMS, KERNEL):
        place = root / name.lstrip("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(efi_program(name.encode()))
    return Context(runner=RunnerWith(), emit=lambda _: None, target=root, work=tmp_path / "work")


def given(folder: Path) -> SigningKey:
    certificate, key = make_key(folder, "given")
    return SigningKey(certificate=str(certificate), key=str(key))


def prepare(context: Context, db: SigningKey | None, made: tuple[str, ...]) -> None:
    action = PrepareOwnerKeys(db=db, made=made, host="edge-01")
    action.check(context)
    action.run(context)


def test_keys_that_are_made_sign_everything_and_are_gone_at_the_end(context: Context) -> None:
    prepare(context, None, ALL)
    SignBootFiles(db=None).run(context)
    certificate = context.work / "owner-keys/db.pem"
    assert signed_copy(context, PROGRAMS[0]).name == "shimx64.efi"
    for program in PROGRAMS:
        assert holds(certificate, signed_copy(context, program))
        assert context.root.place(program).read_bytes() == efi_program(program.encode())
    assert holds(certificate, context.root.place(KERNEL))
    assert [each.name for each in context.root.place("/boot").iterdir()] == [Path(KERNEL).name]
    assert certificate.parent.stat().st_mode & 0o777 == 0o700
    context.unwind()
    assert list(context.work.iterdir()) == []


def test_a_key_that_was_named_signs(context: Context, tmp_path: Path) -> None:
    db = given(tmp_path)
    prepare(context, db, ())
    SignBootFiles(db=db).run(context)
    assert holds(Path(db.certificate), context.root.place(KERNEL))
    assert holds(Path(db.certificate), signed_copy(context, PROGRAMS[0]))


def test_a_certificate_of_the_kickstart_is_used_and_kept(context: Context, tmp_path: Path) -> None:
    file = given(tmp_path)
    pem = Path(file.certificate).read_text()
    db = replace(file, certificate=pem)
    prepare(context, db, ())
    SignBootFiles(db=db).run(context)
    assert holds(Path(file.certificate), context.root.place(KERNEL))
    KeepSigningKey(db=db, private=False).run(context)
    assert context.root.place(f"{BOOT_FOLDER}/db.pem").read_text() == pem


@pytest.mark.parametrize("private", [True, False])
@pytest.mark.parametrize("named", [True, False])
def test_what_stays_in_the_host(
    context: Context, tmp_path: Path, named: bool, private: bool
) -> None:
    db = given(tmp_path) if named else None
    prepare(context, db, () if named else ALL)
    # A link that a payload might have is not written through.
    folder = context.root.place(BOOT_FOLDER)
    folder.mkdir(parents=True)
    (tmp_path / "elsewhere").touch()
    (folder / "db.key").symlink_to(tmp_path / "elsewhere")
    KeepSigningKey(db=db, private=private).run(context)
    assert (tmp_path / "elsewhere").read_bytes() == b""
    key = context.work / "owner-keys/db.key" if db is None else Path(db.key)
    if private:
        assert (folder / "db.key").read_bytes() == key.read_bytes()
        assert (folder / "db.key").stat().st_mode & 0o777 == 0o600
    else:
        assert (folder / "db.key").is_symlink()
    assert b"BEGIN CERTIFICATE" in (folder / "db.pem").read_bytes()


@pytest.mark.parametrize("made", [ALL, ("PK", "KEK")])
def test_what_was_made_is_handed_over_encrypted(
    context: Context, tmp_path: Path, made: tuple[str, ...]
) -> None:
    prepare(context, None if made == ALL else given(tmp_path), made)
    owner = "01234567-89ab-4def-8123-456789abcdef"
    passphrase = Secret("correct horse")
    action = HandOverKeys(names=made, passphrase=passphrase, owner=owner, microsoft=False)
    action.run(context)
    folder = context.root.place(HANDED_OVER)
    assert folder.stat().st_mode & 0o777 == 0o700
    wanted = {f"{name}.p12" for name in made}
    wanted |= {f"{name}.{kind}" for name in ALL for kind in ("pem", "auth")}
    assert {each.name for each in folder.iterdir()} == wanted
    assert {each.stat().st_mode & 0o777 for each in folder.iterdir()} == {0o600}
    for name in made:
        command = ["openssl", "pkcs12", "-in", f"{folder}/{name}.p12", "-noenc", "-passin", "stdin"]
        said = subprocess.run(command, input=b"correct horse\n", capture_output=True, check=True)
        assert b"PRIVATE KEY" in said.stdout
    assert "correct horse" not in repr(plain(action)) + action.describe()


def test_what_is_wrong_with_a_named_key_is_told_before_anything_is_written(
    context: Context, tmp_path: Path
) -> None:
    db = given(tmp_path)
    other, _ = make_key(tmp_path, "other")
    for wrong, pointer in (
        (SigningKey(certificate=str(other), key=db.key), "/boot/owner_keys/db/key"),
        (SigningKey(certificate=db.certificate, key="/none"), "/boot/owner_keys/db/key"),
        (SigningKey(certificate="/none", key=db.key), "/boot/owner_keys/db/certificate"),
        (replace(db, certificate=other.read_text()), "/boot/owner_keys/db/key"),
    ):
        with pytest.raises(MachineUnfit) as caught:
            PrepareOwnerKeys(db=wrong, made=(), host="edge-01").check(context)
        assert [each.pointer for each in caught.value.problems] == [pointer]
    context.unwind()
    assert list(context.work.iterdir()) == []


def test_a_root_without_a_kernel(context: Context) -> None:
    context.root.place(KERNEL).unlink()
    prepare(context, None, ALL)
    with pytest.raises(CommandFailed, match="no kernel"):
        SignBootFiles(db=None).run(context)


def test_enrolling_needs_setup_mode(context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    action = EnrollOwnerKeys(microsoft=False)
    monkeypatch.setattr(enroll, "in_setup_mode", lambda: False)
    with pytest.raises(MachineUnfit, match="not in Setup Mode"):
        action.check(context)
    monkeypatch.setattr(enroll, "in_setup_mode", lambda: True)
    action.check(context)


def test_the_plan_says_what_cannot_be_taken_back(tmp_path: Path) -> None:
    db = SigningKey(certificate="/db.pem", key="pkcs11:token=photon", pin=Secret("secret-1234"))
    said = PrepareOwnerKeys(db=db, made=("PK", "KEK"), host="edge-01")
    text = "take the owner's signature key pkcs11:token=photon with the certificate /db.pem"
    assert said.describe().startswith(f"{text} and make the owner's keys PK, KEK")
    assert "secret-1234" not in repr(plain(said))
    assert "cannot take it back" in EnrollOwnerKeys(microsoft=True).describe()
    assert "Microsoft" in EnrollOwnerKeys(microsoft=True).describe()
    assert "no others" in EnrollOwnerKeys(microsoft=False).describe()
