"""An earlier host is found on real filesystems, and looking at it changes no byte of its disk."""

import hashlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from installer import api
from installer.actions.context import Context
from installer.actions.host.identity import FindIdentity, RestoreIdentity
from installer.actions.storage.filesystem import MakeFilesystem, MakeSubvolumes, MountFilesystem
from installer.errors import MachineUnfit
from installer.machine.disk_table import read_table
from installer.machine.facts import Firmware, FirmwareMode, Partition
from installer.payload.index import load_payload_index
from installer.secret import Secret
from ks_schema import Document
from tests.disk.loops import MIB, attach, mounts, out, real_context
from tests.disk.tree import make_payload
from tests.engine import full_kickstart, small_machine

pytestmark = [
    pytest.mark.disk,
    pytest.mark.skipif(os.geteuid() != 0, reason="loop devices need root"),
]
UUID = "01234567-89ab-4def-8123-456789abcdef"
THINGS = ("ssh_host_keys", "machine_id")
FILES = {
    "etc/machine-id": "0123456789abcdef0123456789abcdef\n",
    "etc/ssh/ssh_host_ed25519_key": "a private key\n",
    "etc/ssh/ssh_host_ed25519_key.pub": "its public half\n",
}
PLACES = [("ext4", ""), ("xfs", ""), ("btrfs", ""), ("btrfs", "@"), ("btrfs", "systems/photon")]
IDS = [f"{kind}-{name}" if name else kind for kind, name in PLACES]


@pytest.fixture
def context(tmp_path: Path) -> Iterator[Context]:
    with real_context(tmp_path) as made:
        yield made


def old_disk(context: Context, file: Path, kind: str, subvolume: str = "") -> str:
    """The loop device of a disk with a host on it, which is not mounted any more."""
    node = context.nodes["partition/root"] = attach(context, file, 512 * MIB)
    depth = context.depth
    volume = "partition/root"
    MakeFilesystem(volume=volume, kind=kind, uuid=UUID, label="root").run(context)
    if subvolume:
        MakeSubvolumes(volume=volume, names=(subvolume, f"{subvolume}/srv")).run(context)
    options = f"subvol={subvolume}" if subvolume else "rw"
    MountFilesystem(volume=volume, kind=kind, path="/", options=options).run(context)
    for name, text in FILES.items():
        place = context.target / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
    context.unwind(depth)
    return node


def digest(file: Path) -> str:
    with file.open("rb") as data:
        return hashlib.file_digest(data, "sha256").hexdigest()


@pytest.mark.parametrize(("kind", "subvolume"), PLACES, ids=IDS)
def test_the_identity_of_the_host_that_is_there(
    context: Context, tmp_path: Path, kind: str, subvolume: str
) -> None:
    file = tmp_path / "old.img"
    node = old_disk(context, file, kind, subvolume)
    out("blockdev", "--flushbufs", node)
    before, depth = digest(file), context.depth
    FindIdentity(things=THINGS, volumes=(node,)).run(context)
    assert context.kept == {f"/{name}": Secret(text) for name, text in FILES.items()}
    assert context.depth == depth
    assert mounts(tmp_path) == []
    out("blockdev", "--flushbufs", node)
    assert digest(file) == before
    assert not context.written

    RestoreIdentity(things=THINGS).run(context)
    there = {name: (context.target / name).read_text() for name in FILES}
    assert there == FILES
    assert [(context.target / name).stat().st_uid for name in FILES] == [0, 0, 0]


@pytest.mark.parametrize("kind", ["ext4", "xfs", "btrfs"])
def test_a_host_that_was_switched_off_hard(context: Context, tmp_path: Path, kind: str) -> None:
    """Its journal is not replayed either: a copy of a mounted disk stands for such a one."""
    node = old_disk(context, tmp_path / "old.img", kind)
    depth = context.depth
    MountFilesystem(volume="partition/root", kind=kind, path="/", options="rw").run(context)
    late = context.target / "etc/late"
    late.write_text("in the journal alone\n")
    with late.open("rb") as written:
        os.fsync(written.fileno())
    out("blockdev", "--flushbufs", node)
    file = tmp_path / "hard.img"
    shutil.copyfile(tmp_path / "old.img", file)
    context.unwind(depth)
    crashed = attach(context, file, 512 * MIB)
    before = digest(file)
    FindIdentity(things=THINGS, volumes=(crashed,)).run(context)
    assert len(context.kept) == len(FILES)
    out("blockdev", "--flushbufs", crashed)
    assert digest(file) == before


def test_blank_disks_and_others(context: Context, tmp_path: Path) -> None:
    blank = attach(context, tmp_path / "blank.img", 64 * MIB)
    swap = attach(context, tmp_path / "swap.img", 64 * MIB)
    out("mkswap", swap)
    FindIdentity(things=THINGS, volumes=(blank, swap, "/dev/not-there")).run(context)
    assert context.kept == {}


def test_a_filesystem_that_is_broken(context: Context, tmp_path: Path) -> None:
    file = tmp_path / "old.img"
    node = old_disk(context, file, "ext4")
    with file.open("r+b") as data:
        data.seek(4096)
        data.write(b"\xff" * 65536)  # the group descriptors
    out("blockdev", "--flushbufs", node)
    with pytest.raises(MachineUnfit, match="is unknown"):
        FindIdentity(things=THINGS, volumes=(node,)).run(context)
    assert mounts(tmp_path) == []


def installed(context: Context, work: Path, disk: str, *partitions: Partition) -> Partition:
    """A host, made with the seed that ``work`` is called: its root, on a loop device, mounted."""
    data = full_kickstart(
        boot={"mode": "bios"}, storage={"filesystem": "btrfs", "preserve": list(THINGS)}
    )
    firmware = Firmware(mode=FirmwareMode.BIOS)
    machine = small_machine(disk, 2048 * MIB, firmware=firmware, partitions=partitions)
    work.mkdir()
    payload = load_payload_index(str(make_payload(work)))
    plan = api.prepare(Document(data=data), machine, payload, seed=work.name)
    api.install(plan, emit=lambda _: None, work=work)
    root = read_table(disk).partitions[-1]
    place = [f"--offset={root.start}", f"--sizelimit={root.size}"]
    node = context.nodes["partition/root"] = out("losetup", "--find", "--show", *place, disk)
    context.on_undo("detach", lambda: out("losetup", "--detach", node))
    MountFilesystem(volume="partition/root", kind="btrfs", path="/", options="rw").run(context)
    return Partition(path=node, number=root.number, start=root.start, size=root.size)


def test_installed_twice(context: Context, tmp_path: Path) -> None:
    """The same kickstart, another seed: the first host's machine-id, and the key it had made."""
    disk = attach(context, tmp_path / "disk.img", 2048 * MIB)
    depth = context.depth
    root = installed(context, tmp_path / "first", disk)
    key, secret = context.target / "etc/ssh/ssh_host_rsa_key", "made at the first start\n"
    key.parent.mkdir()
    key.write_text(secret)
    machine_id = (context.target / "etc/machine-id").read_text()
    context.unwind(depth + 1)  # only unmounted

    installed(context, tmp_path / "second", disk, root)
    assert key.read_text() == secret
    assert key.stat().st_mode & 0o777 == 0o600
    assert (context.target / "etc/machine-id").read_text() == machine_id
    papers = list((context.target / "var/log/photon-installer").iterdir())
    assert "kept of the host on" in "".join(each.read_text() for each in papers)
    assert not any(secret.strip() in each.read_text() for each in papers)
