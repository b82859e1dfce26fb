"""Filesystems, mounts, tables and sizes on loop devices, with the real programs."""

import hashlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from installer.actions.disk import (
    AttachPartitions,
    PlannedPartition,
    WriteTable,
)
from installer.actions.encryption import AddRecoveryKey, new_recovery_key
from installer.actions.filesystem import (
    MakeFilesystem,
    MakeSubvolumes,
    MakeSwapFile,
    MountFilesystem,
)
from installer.actions.resize import ResizeFilesystem
from installer.actions.table import AlterTable
from installer.context import Context
from installer.disk_table import read_table
from installer.errors import CommandFailed
from installer.run import ProcessRunner
from installer.secret import Secret

pytestmark = [
    pytest.mark.disk,
    pytest.mark.skipif(os.geteuid() != 0, reason="loop devices need root"),
]
MIB = 1 << 20
UUID = "01234567-89ab-4def-8123-456789abcdef"
LINUX = "0fc63daf-8483-4772-8e79-3d69d8477de4"
OPTIONS = {
    "ext4": ("-O", "^has_journal"),
    "xfs": ("-m", "reflink=0"),
    "btrfs": ("--nodesize", "32768"),
}


def out(*command: str | Path) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def mounts(folder: Path) -> list[str]:
    lines = Path("/proc/mounts").read_text().splitlines()
    return [line.split()[1] for line in lines if str(folder) in line.split()[1]]


@pytest.fixture
def context(tmp_path: Path) -> Iterator[Context]:
    """A context whose undo stack is taken back at the end, and must then leave nothing."""
    runner = ProcessRunner(lambda _: None)
    made = Context(
        runner=runner, emit=lambda _: None, target=tmp_path / "root", work=tmp_path / "work"
    )
    yield made
    made.unwind()
    assert mounts(tmp_path) == []
    assert str(tmp_path) not in out("losetup", "--list", "--noheadings", "--output", "BACK-FILE")


def attach(context: Context, file: Path, size: int, *, sector: int = 512) -> str:
    """A loop device on a new sparse file."""
    file.touch()
    os.truncate(file, size)
    node = out("losetup", "--find", "--show", f"--sector-size={sector}", file)
    context.on_undo("detach", lambda: out("losetup", "--detach", node))
    return node


@pytest.fixture
def volume(context: Context, tmp_path: Path) -> str:
    """The reference of a volume."""
    context.nodes["partition/root"] = attach(context, tmp_path / "volume.img", 1024 * MIB)
    return "partition/root"


def make(context: Context, volume: str, kind: str, options: tuple[str, ...] = ()) -> None:
    MakeFilesystem(volume=volume, kind=kind, uuid=UUID, label="photon-root", options=options).run(
        context
    )


def mount(context: Context, volume: str, kind: str, path: str = "/", options: str = "rw") -> None:
    MountFilesystem(volume=volume, kind=kind, path=path, options=options).run(context)


@pytest.mark.parametrize("kind", OPTIONS)
def test_a_filesystem_is_what_was_planned(context: Context, volume: str, kind: str) -> None:
    make(context, volume, kind, OPTIONS[kind])
    node = context.node(volume)
    tags = {"TYPE": kind, "UUID": UUID, "LABEL": "photon-root"}
    for tag, value in tags.items():
        assert out("blkid", "--probe", "--output=value", f"--match-tag={tag}", node) == value
    mount(context, volume, kind)
    match kind:
        case "ext4":
            assert "has_journal" not in out("dumpe2fs", "-h", node)
        case "xfs":
            assert "reflink=0" in out("xfs_info", context.target)
        case "btrfs":
            superblock = out("btrfs", "inspect-internal", "dump-super", node)
            assert "nodesize\t\t32768" in superblock


@pytest.mark.parametrize("kind", OPTIONS)
def test_a_swap_file_that_the_kernel_takes(context: Context, volume: str, kind: str) -> None:
    make(context, volume, kind)
    mount(context, volume, kind)
    MakeSwapFile(path="/swapfile", size=64 * MIB, kind=kind, uuid=UUID).run(context)
    place = context.target / "swapfile"
    assert place.stat().st_mode & 0o777 == 0o600
    subprocess.run(["swapon", place], check=True)
    subprocess.run(["swapoff", place], check=True)


def test_subvolumes_and_a_tree_of_mounts(context: Context, volume: str, tmp_path: Path) -> None:
    """Subvolumes at / and /var, another filesystem at /boot, one more below /var."""
    depth = context.depth
    make(context, volume, "btrfs")
    names = ("@", "@var", "@/srv", "folder/deep")
    MakeSubvolumes(volume=volume, names=names).run(context)
    assert mounts(tmp_path) == []
    mount(context, volume, "btrfs", "/", "subvol=@")
    mount(context, volume, "btrfs", "/var", "subvol=@var,nodev")
    for name, kind, path in (("boot", "ext4", "/boot"), ("tmp", "xfs", "/var/tmp")):
        reference = f"partition/{name}"
        context.nodes[reference] = attach(context, tmp_path / name, 400 * MIB)
        make(context, reference, kind)
        mount(context, reference, kind, path)
    root = context.target
    assert mounts(tmp_path) == [str(root / name) for name in (".", "var", "boot", "var/tmp")]
    assert (root / "var/tmp").stat().st_mode & 0o7777 == 0o1777
    assert (root / "boot").stat().st_mode & 0o7777 == 0o755
    context.unwind(depth)
    mount(context, volume, "btrfs", "/", "subvolid=5")
    listed = out("btrfs", "subvolume", "list", root)
    assert {line.rsplit(" path ", 1)[1] for line in listed.splitlines()} == set(names)


def filled(context: Context, volume: str, kind: str) -> dict[str, str]:
    """Digests of the files that the filesystem now has."""
    mount(context, volume, kind)
    folder = context.target / "data"
    for number in range(40):
        (folder / str(number % 5)).mkdir(parents=True, exist_ok=True)
        (folder / str(number % 5) / f"{number}").write_bytes(os.urandom(2 * MIB + number))
    return digests(folder)


def digests(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.mark.parametrize(("kind", "size"), [("ext4", 300), ("btrfs", 400)])
def test_a_smaller_filesystem_has_the_same_files(
    context: Context, volume: str, tmp_path: Path, kind: str, size: int
) -> None:
    make(context, volume, kind)
    depth = context.depth
    before = filled(context, volume, kind)
    context.unwind(depth)
    node = context.node(volume)
    ResizeFilesystem(volume=node, kind=kind, size=size * MIB, grow=False).run(context)
    # What lies behind its new end is not its any more.
    with Path(node).open("r+b") as device:
        device.seek(size * MIB)
        device.write(b"x" * (1024 - size) * MIB)
    mount(context, volume, kind)
    assert os.statvfs(context.target).f_blocks * os.statvfs(context.target).f_frsize <= size * MIB
    assert digests(context.target / "data") == before
    context.unwind(depth)
    ResizeFilesystem(volume=volume, kind=kind, size=None, grow=True).run(context)
    mount(context, volume, kind)
    assert os.statvfs(context.target).f_blocks * os.statvfs(context.target).f_frsize > 900 * MIB
    assert digests(context.target / "data") == before


@pytest.mark.skipif(shutil.which("ntfsresize") is None, reason="needs ntfs-3g's programs")
def test_an_ntfs_is_shrunk_and_grown(context: Context, volume: str) -> None:
    node = context.node(volume)
    out("mkntfs", "--quick", "--quiet", "--force", node)
    data = os.urandom(3 * MIB)
    source = context.target.parent / "data"
    source.write_bytes(data)
    out("ntfscp", node, source, "data")
    for size in (200 * MIB, None):
        ResizeFilesystem(volume=node, kind="ntfs", size=size, grow=size is None).run(context)
        info = out("ntfsresize", "--info", "--force", "--no-progress-bar", node)
        found = int(info.split("Current volume size: ")[1].split()[0])
        assert (found <= size) if size else (found > 1000 * MIB)
        # The mark that Windows shall look at it once more stays; it can be read all the same.
        read = subprocess.run(["ntfscat", "--force", node, "data"], check=True, capture_output=True)
        assert read.stdout == data


def planned(number: int, start: int, size: int, type_guid: str = LINUX) -> PlannedPartition:
    dos = len(type_guid) < 3
    return PlannedPartition(
        reference=f"partition/{number}",
        number=number,
        start=start * MIB,
        size=size * MIB,
        type_guid=type_guid,
        guid="" if dos else UUID[:-1] + str(number),
        name="" if dos else f"photon-{number}",
        bootable=dos and number == 1,
    )


@pytest.mark.parametrize("sector", [512, 4096])
@pytest.mark.parametrize("kind", ["gpt", "dos"])
def test_a_table_is_written_and_attached(
    context: Context, tmp_path: Path, kind: str, sector: int
) -> None:
    disk = attach(context, tmp_path / "disk.img", 64 * MIB, sector=sector)
    type_guid = "83" if kind == "dos" else LINUX
    partitions = tuple(planned(number, 8 * number, 8, type_guid) for number in (1, 2))
    WriteTable(disk=disk, guid=UUID, sector=sector, partitions=partitions, kind=kind).run(context)
    AttachPartitions(disk=disk, reference="disk/default", sector=sector, partitions=partitions).run(
        context
    )
    table = read_table(disk)
    assert table.kind == kind
    assert table.guid == ("0x01234567" if kind == "dos" else UUID)
    assert ("boot" in table.partitions[0].flags) == (kind == "dos")
    assert context.node("disk/default") == disk
    assert Path(context.node("partition/2")).is_block_device()


OLD = {
    "gpt": (
        "label: gpt\nfirst-lba: {first}\n"
        '1 : start={at[1]}, size={at[8]}, type=U, name="EFI"\n'
        '2 : start={at[16]}, size={at[32]}, type=L, name="ümlaut", attrs="GUID:60,63"\n'
        "3 : start={at[64]}, size={at[16]}, type=S\n"
        "7 : start={at[96]}, size={at[16]}, type=L\n"
    ),
    "dos": (
        "label: dos\n"
        "1 : start={at[1]}, size={at[8]}, type=7, bootable\n"
        "2 : start={at[16]}, size={at[32]}, type=83\n"
        "3 : start={at[64]}, size={at[16]}, type=82\n"
        "4 : start={at[96]}, size={at[48]}, type=f\n"
        "5 : start={at[97]}, size={at[8]}, type=83\n"
        "6 : start={at[106]}, size={at[8]}, type=83\n"
    ),
}


@pytest.fixture(params=["gpt", "dos"])
def kind(request: pytest.FixtureRequest) -> str:
    kind: str = request.param
    return kind


@pytest.fixture(params=[512, 4096])
def sector(request: pytest.FixtureRequest) -> int:
    sector: int = request.param
    return sector


@pytest.fixture
def used(context: Context, tmp_path: Path, kind: str, sector: int) -> str:
    """A disk of 256 MiB, full wherever there is no table; no two MiB are alike."""
    disk = attach(context, tmp_path / "disk.img", 256 * MIB, sector=sector)
    backing = tmp_path / "disk.img"
    backing.write_bytes(b"".join(os.urandom(16) * (MIB // 16) for _ in range(256)))
    with backing.open("r+b") as file:
        for offset in (0, 255 * MIB):
            file.seek(offset)
            file.write(bytes(MIB))
    out("blockdev", "--flushbufs", disk)
    at = [each * MIB // sector for each in range(257)]
    script = OLD[kind].format(at=at, first=-(-(2 * sector + 16384) // sector))
    command = ["sfdisk", "--quiet", "--no-tell-kernel", "--wipe-partitions=never", disk]
    subprocess.run(command, input=script, text=True, check=True)
    with Path(disk).open("r+b") as device:
        device.write(b"boot code".ljust(440, b"x"))
    return disk


def content(disk: str) -> bytes:
    with Path(disk).open("r+b") as device:
        os.fsync(device.fileno())
        return device.read()


def differing(before: bytes, after: bytes) -> set[int]:
    """The MiB whose bytes are not the same."""
    return {
        start // MIB
        for start in range(0, len(before), MIB)
        if before[start : start + MIB] != after[start : start + MIB]
    }


def test_what_stays_on_a_disk_is_not_touched(
    context: Context, used: str, kind: str, sector: int
) -> None:
    """One partition goes, one shrinks, a new one takes the room of both; all else is the same."""
    before, table = content(used), read_table(used)
    new = planned(3, 32, 40, "83" if kind == "dos" else LINUX)
    action = AlterTable(
        disk=used, sector=sector, partitions=(new,), delete=(3,), resize=((2, 16 * MIB),)
    )
    action.check(context)
    action.run(context)
    after = content(used)
    # The ends of the new one (5 MiB and 2 MiB) are plain, the two copies of the table are new.
    cleared = {32, 33, 34, 35, 36, 70, 71}
    assert differing(before, after) == cleared | ({0, 255} if kind == "gpt" else {0})
    assert not any(after[each * MIB : (each + 1) * MIB].strip(b"\0") for each in cleared)
    assert after[:440] == before[:440]
    found = {each.number: each for each in read_table(used).partitions}
    assert (found[2].start, found[2].size) == (16 * MIB, 16 * MIB)
    assert (found[3].start, found[3].size, found[3].guid) == (32 * MIB, 40 * MIB, new.guid)
    untouched = [each for each in table.partitions if each.number not in (2, 3)]
    assert [found[each.number] for each in untouched] == untouched
    assert read_table(used).guid == table.guid


def test_what_overlaps_is_refused_before_anything_is_written(
    context: Context, used: str, kind: str, sector: int
) -> None:
    before = content(used)
    number = 8 if kind == "gpt" else 3
    new = planned(number, 40, 20, "83" if kind == "dos" else LINUX)
    delete = () if kind == "gpt" else (3,)
    with pytest.raises(CommandFailed, match="sfdisk"):
        AlterTable(disk=used, sector=sector, partitions=(new,), delete=delete).run(context)
    assert content(used) == before
    assert not context.altered


@pytest.mark.parametrize("kind", ["dos"], indirect=True)
def test_a_kept_partition_keeps_its_number(context: Context, used: str, sector: int) -> None:
    action = AlterTable(disk=used, sector=sector, partitions=(), delete=(5,))
    with pytest.raises(CommandFailed, match="partition 6 would get another number"):
        action.check(context)
    AlterTable(disk=used, sector=sector, partitions=(), delete=(5, 6)).run(context)
    assert [each.number for each in read_table(used).partitions] == [1, 2, 3, 4]


def test_a_disk_that_is_used_or_another_is_refused(
    context: Context, used: str, sector: int
) -> None:
    absent = AlterTable(disk=used, sector=sector, partitions=(), delete=(9,))
    with pytest.raises(CommandFailed, match="no partition 9"):
        absent.check(context)
    one = AlterTable(disk=used, sector=sector, partitions=(), delete=(3,))
    descriptor = os.open(used, os.O_RDWR | os.O_EXCL)
    try:
        with pytest.raises(CommandFailed, match="busy"):
            one.check(context)
    finally:
        os.close(descriptor)
    one.check(context)


@pytest.mark.skipif(shutil.which("cryptsetup") is None, reason="needs cryptsetup")
def test_a_recovery_key_opens_the_volume(context: Context, tmp_path: Path) -> None:
    """Making and looking need no device mapper; what EncryptVolume opens does."""
    volume = tmp_path / "volume.img"
    volume.touch()
    os.truncate(volume, 64 * MIB)
    context.nodes["partition/root"] = str(volume)
    passphrase, key = Secret("correct horse, ü"), new_recovery_key()
    cheap = ["--pbkdf=pbkdf2", "--pbkdf-force-iterations=1000"]
    context.runner.run(
        ["cryptsetup", "luksFormat", "--batch-mode", *cheap, "--key-file=-", str(volume)],
        stdin=passphrase,
    )
    AddRecoveryKey(volume="partition/root", passphrase=passphrase, recovery_key=key).run(context)
    test = ["cryptsetup", "open", "--test-passphrase", "--key-file=-", str(volume)]
    for each in (passphrase, key):
        context.runner.run(test, stdin=each)
    with pytest.raises(CommandFailed):
        context.runner.run(test, stdin="another")
    assert "systemd-recovery" in out("cryptsetup", "luksDump", volume)
