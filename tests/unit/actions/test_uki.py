"""systemd-boot and an image are signed for real, and copied to a FAT filesystem in a file."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from installer.actions.boot.owner_keys import PrepareOwnerKeys
from installer.actions.boot.systemd_boot import (
    LOADER_FILES,
    SYSTEMD_BOOT,
    SignSystemdBoot,
    WriteSystemdBoot,
)
from installer.actions.boot.uki import STUB, UKIFY, MakeUki, signed_uki
from installer.actions.context import Context
from installer.config.boot import SigningKey
from installer.errors import CommandFailed
from tests.unit.host.programs import RunnerWith, efi_program, holds, make_key

TOOLS = ("openssl", "sbsign", "sbverify", "sbvarsign", "mcopy", "mkfs.vfat")
pytestmark = pytest.mark.skipif(
    not all(map(shutil.which, TOOLS)), reason=f"needs {', '.join(TOOLS)}"
)
VERSION = "6.12.1-amd64"
IMAGE = f"EFI/Linux/photon-{VERSION}+3.efi"
CONFIGURATION = "timeout 3\neditor no\n"
MIB = 1 << 20


def plain_files(root: Path, *harm: str) -> RunnerWith:
    """The real runner, but for what only a block device can do; ``harm`` is done after a write.

    In place of a chroot it makes a small program of what it is told to make.
    """

    def nothing(_: Sequence[str]) -> str:
        return ""

    def flush(_: Sequence[str]) -> str:
        return RunnerWith().run(harm) if harm else ""

    def make(argv: Sequence[str]) -> str:
        (root / argv[-1].lstrip("/")).write_bytes(efi_program(argv[-2].encode()))
        return ""

    return RunnerWith(
        instead={"mount": nothing, "umount": nothing, "blockdev": flush, "chroot": make}
    )


@pytest.fixture
def context(tmp_path: Path) -> Context:
    """With a root that has the programs, and a file in place of an ESP."""
    root, esp = tmp_path / "root", tmp_path / "esp"
    for name in (SYSTEMD_BOOT, UKIFY, STUB):
        place = root / name.lstrip("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(efi_program(name.encode()))
    with esp.open("wb") as file:
        file.truncate(40 * MIB)
    subprocess.run(["mkfs.vfat", esp], check=True, capture_output=True)
    return Context(
        runner=plain_files(root),
        emit=lambda _: None,
        target=root,
        work=tmp_path / "work",
        nodes={"partition/esp": str(esp)},
    )


@pytest.fixture
def key(tmp_path: Path, context: Context) -> SigningKey:
    """The owner's, taken as an installation takes it."""
    certificate, private = make_key(tmp_path, "db")
    made = SigningKey(certificate=str(certificate), key=str(private))
    PrepareOwnerKeys(db=made, made=(), host="edge-01").check(context)
    return made


def write(context: Context, key: SigningKey) -> None:
    MakeUki(kernel_version=VERSION, db=key).run(context)
    SignSystemdBoot(db=key).run(context)
    WriteSystemdBoot(volume="partition/esp", loader_conf=CONFIGURATION, kernel_version=VERSION).run(
        context
    )


def read_back(context: Context, folder: Path) -> dict[str, Path]:
    folder.mkdir()
    command = ["mcopy", "-i", context.node("partition/esp"), "-s", "-n", "::/", str(folder)]
    subprocess.run(command, check=True, capture_output=True)
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path for path in files}


def test_what_is_on_the_esp_is_signed_by_the_owner(
    context: Context, key: SigningKey, tmp_path: Path
) -> None:
    write(context, key)
    found = read_back(context, tmp_path / "back")
    assert sorted(found) == sorted([*LOADER_FILES, IMAGE, "loader/loader.conf"])
    assert all(holds(Path(key.certificate), found[name]) for name in (*LOADER_FILES, IMAGE))
    assert found["loader/loader.conf"].read_text() == CONFIGURATION


def test_nothing_stays_in_memory_or_unsigned_in_the_host(context: Context, key: SigningKey) -> None:
    write(context, key)
    assert not list(context.target.glob("var/tmp/*"))
    context.unwind()
    assert not [path for path in context.work.rglob("*") if path.is_file()]


def test_an_esp_that_gives_back_other_bytes_is_found(
    context: Context, key: SigningKey, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    other.write_bytes(b"other")
    node = context.node("partition/esp")
    harm = ("mcopy", "-i", node, "-o", str(other), f"::/{IMAGE}")
    context.runner = plain_files(context.target, *harm)
    with pytest.raises(CommandFailed, match=r"other bytes.*photon-6\.12\.1-amd64\+3\.efi"):
        write(context, key)


def test_an_esp_that_is_too_small_is_an_error(context: Context, key: SigningKey) -> None:
    context.root.place(SYSTEMD_BOOT).write_bytes(efi_program(bytes(25 * MIB)))
    with pytest.raises(CommandFailed, match="mcopy"):
        write(context, key)


def test_a_signature_that_does_not_hold_stops_it(
    context: Context, key: SigningKey, tmp_path: Path
) -> None:
    _, stranger = make_key(tmp_path, "stranger")
    wrong = SigningKey(certificate=key.certificate, key=str(stranger))
    with pytest.raises(CommandFailed, match="key values mismatch"):
        MakeUki(kernel_version=VERSION, db=wrong).run(context)
    assert not signed_uki(context, VERSION).exists()
    assert not list(context.target.glob("var/tmp/*"))


@pytest.mark.parametrize("program", [UKIFY, STUB])
def test_a_payload_without_the_tools_is_told(
    context: Context, key: SigningKey, program: str
) -> None:
    context.root.place(program).unlink()
    with pytest.raises(CommandFailed, match=f"the payload has no {program}"):
        MakeUki(kernel_version=VERSION, db=key).run(context)


def test_a_payload_without_the_loader_is_told(context: Context, key: SigningKey) -> None:
    context.root.place(SYSTEMD_BOOT).unlink()
    with pytest.raises(CommandFailed, match="the payload has no"):
        SignSystemdBoot(db=key).run(context)
