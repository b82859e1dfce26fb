"""The owner signs Debian's own shim, GRUB and kernel, and photon-boot finds nothing left to do."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from installer.actions.boot.esp import ESP_FILES
from installer.actions.boot.owner_keys import (
    KeepSigningKey,
    PrepareOwnerKeys,
    SignBootFiles,
    signed_copy,
)
from installer.actions.context import Context
from tests.disk.loops import MIB, out
from tests.unit.host.photon_host import Host, able, attached_host
from tests.unit.host.programs import RunnerWith, holds

TREE = Path(__file__).resolve().parents[2] / "build/trees/minimal-cloud"
pytestmark = [
    pytest.mark.disk,
    pytest.mark.skipif(os.geteuid() != 0, reason="loop devices need root"),
    pytest.mark.skipif(not able(), reason="needs namespaces and sbsigntool"),
    pytest.mark.skipif(not TREE.is_dir(), reason="needs the trees that make iso builds"),
]
PROGRAMS = sorted(set(ESP_FILES.values()))


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    """With the programs and the kernel of the tree."""
    with attached_host(tmp_path, size=64 * MIB) as made:
        kernels = [str(each.relative_to(TREE)) for each in TREE.glob("boot/vmlinuz-*")]
        for name in (*PROGRAMS, *kernels):
            place = made.root / name.lstrip("/")
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(TREE / name.lstrip("/"), place)
        yield made


def signers(program: Path) -> list[str]:
    """The subjects of the certificates in its signatures."""
    lines = out("sbverify", "--list", program).splitlines()
    return [line.partition("subject: ")[2] for line in lines if "subject: " in line]


def installed(host: Host, work: Path, *, private: bool) -> Path:
    """Sign as an installation does; the owner's certificate, as the host has it."""
    context = Context(runner=RunnerWith(), emit=lambda _: None, target=host.root, work=work)
    made = ("PK", "KEK", "db")
    for action in (
        PrepareOwnerKeys(db=None, made=made, host="edge-01"),
        SignBootFiles(db=None),
        KeepSigningKey(db=None, private=private),
    ):
        action.check(context)
        action.run(context)
    for program in PROGRAMS:
        assert signed_copy(context, program).is_file()
    context.unwind()
    return host.root / "etc/photon-boot/db.pem"


def test_the_signatures_that_were_there_stay(host: Host, tmp_path: Path) -> None:
    (kernel,) = host.root.glob("boot/vmlinuz-*")
    before = signers(kernel)
    assert before
    certificate = installed(host, tmp_path / "work", private=True)
    assert holds(certificate, kernel)
    assert [each for each in signers(kernel) if "Photon db" not in each] == before
    for program in PROGRAMS:
        name = Path(program).name.removesuffix(".signed")
        signed = host.root / "var/lib/photon-boot/signed" / name
        assert holds(certificate, signed)
        first = signers(host.root / program.lstrip("/"))
        assert [each for each in signers(signed) if "Photon db" not in each] == first


@pytest.mark.parametrize("private", [True, False])
def test_the_host_takes_over_what_the_installation_signed(
    host: Host, tmp_path: Path, *, private: bool
) -> None:
    installed(host, tmp_path / "work", private=private)
    (kernel,) = host.root.glob("boot/vmlinuz-*")
    folder = host.root / "var/lib/photon-boot/signed"
    before = {each: each.read_bytes() for each in (kernel, *folder.iterdir())}
    assert host.sync() == ""
    assert {each: each.read_bytes() for each in before} == before
    for number in (0, 1):
        found = host.esp(number)
        for name, program in ESP_FILES.items():
            signed = folder / Path(program).name.removesuffix(".signed")
            assert found[name] == signed.read_bytes()
