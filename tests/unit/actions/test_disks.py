"""What the steps on tables, filesystems and sizes tell the programs that do the work."""

import fcntl
from collections.abc import Sequence
from pathlib import Path

import pytest

from installer.actions.boot.initramfs import MakeInitramfs
from installer.actions.context import Context
from installer.actions.storage.disk import (
    AttachExisting,
    AttachPartitions,
    CreateImage,
    RemoveBootPath,
    WipeSignatures,
    WriteTable,
    sfdisk_script,
)
from installer.actions.storage.filesystem import MakeFilesystem, MountFilesystem
from installer.actions.storage.resize import ResizeFilesystem
from installer.actions.storage.save import Area, SaveDisk
from installer.actions.storage.table import AlterTable, altered_script
from installer.errors import CommandFailed
from installer.machine.partition_table import PlannedPartition
from tests.recorder import Recorder, recorded_context
from tests.unit.host.programs import RunnerWith

MIB = 1 << 20
UUID = "01234567-89ab-4def-8123-456789abcdef"
GUID = "0fc63daf-8483-4772-8e79-3d69d8477de4"


@pytest.fixture
def runner() -> Recorder:
    return Recorder()


@pytest.fixture
def context(runner: Recorder, tmp_path: Path) -> Context:
    return recorded_context(runner, tmp_path)


def partition(number: int = 1, start: int = MIB, size: int = MIB) -> PlannedPartition:
    return PlannedPartition(
        reference=f"partition/{number}",
        number=number,
        start=start,
        size=size,
        type_guid=GUID,
        guid=UUID,
        name="photon",
    )


@pytest.mark.parametrize("size", [1 << 62, 1 << 63, 1 << 80])
def test_an_image_that_no_file_can_hold(context: Context, tmp_path: Path, size: int) -> None:
    action = CreateImage(path=str(tmp_path / "x.img"), size=size)
    action.check(context)
    with pytest.raises(CommandFailed, match=r"no image of .* can be created") as caught:
        action.run(context)
    assert "smaller size" in caught.value.hint
    context.compensate()
    assert not (tmp_path / "x.img").exists()


def test_an_image_where_a_link_leads_nowhere(context: Context, tmp_path: Path) -> None:
    (tmp_path / "x.img").symlink_to("nowhere")
    with pytest.raises(CommandFailed, match="exists already"):
        CreateImage(path=str(tmp_path / "x.img"), size=MIB).check(context)


def test_an_image_that_is_gone_again_was_not_written_to(context: Context, tmp_path: Path) -> None:
    path = str(tmp_path / "x.img")
    CreateImage(path=path, size=MIB).run(context)
    context.alter(path)
    context.compensate()
    assert not context.altered


def test_a_dos_table() -> None:
    partitions = (
        PlannedPartition(
            reference="partition/boot",
            number=1,
            start=MIB,
            size=8 * MIB,
            type_guid="83",
            bootable=True,
        ),
        PlannedPartition(
            reference="partition/root", number=2, start=9 * MIB, size=MIB, type_guid="8e"
        ),
    )
    table = WriteTable(disk="/dev/vda", guid=UUID, sector=512, partitions=partitions, kind="dos")
    assert sfdisk_script(table).splitlines() == [
        "label: dos",
        "label-id: 0x01234567",
        "unit: sectors",
        "",
        "1 : start=2048, size=16384, type=83, bootable",
        "2 : start=18432, size=2048, type=8e",
    ]
    assert table.describe() == "write a DOS partition table on /dev/vda: 1 83 8 MiB, 2 8e 1 MiB"


def test_a_changed_table_keeps_the_other_lines() -> None:
    dump = (
        "label: gpt\nlabel-id: X\ndevice: /dev/nvme0n1\nunit: sectors\nfirst-lba: 34\n"
        "last-lba: 1000\nsector-size: 4096\n\n"
        '/dev/nvme0n1p1 : start=  256, size=   256, type=A, uuid=B, name="\\x22size=5", attrs="R"\n'
        "/dev/nvme0n1p2 : start=  512, size=   256, type=A, uuid=C\n"
        "/dev/nvme0n1p12 : start=  768, size=  256, type=A, uuid=D\n"
    )
    change = AlterTable(
        disk="/dev/nvme0n1",
        sector=4096,
        partitions=(partition(number=3, start=8 * MIB),),
        delete=(2,),
        resize=((12, 2 * MIB),),
    )
    assert altered_script(dump, change).splitlines()[4:] == [
        "first-lba: 34",
        "sector-size: 4096",
        "",
        '/dev/nvme0n1p1 : start=  256, size=   256, type=A, uuid=B, name="\\x22size=5", attrs="R"',
        "/dev/nvme0n1p12 : start=  768, size=512, type=A, uuid=D",
        f'3 : start=2048, size=256, type={GUID}, uuid={UUID}, name="photon"',
    ]
    assert change.describe() == (
        "change the partition table of /dev/nvme0n1: delete 2; resize 12 to 2 MiB; "
        "add 3 photon 1 MiB"
    )


def test_references_to_what_is_there(context: Context, tmp_path: Path) -> None:
    there = tmp_path / "sda1"
    there.touch()
    AttachExisting(references=(("partition/windows", str(there)),)).run(context)
    assert context.node("partition/windows") == str(there)
    there.unlink()
    with pytest.raises(CommandFailed, match="gone"):
        AttachExisting(references=(("partition/windows", str(there)),)).run(context)


def test_the_disk_is_called_as_the_plan_says(
    context: Context, runner: Recorder, tmp_path: Path
) -> None:
    disk = tmp_path / "disk.img"
    disk.touch()
    runner.answers["losetup --find"] = ["/dev/loop7\n"]
    AttachPartitions(
        disk=str(disk), reference="disk/default", sector=512, partitions=(partition(),)
    ).run(context)
    assert context.node("disk/default") == str(disk)
    assert context.node("partition/1") == "/dev/loop7"


@pytest.mark.parametrize(
    ("kind", "size", "commands"),
    [
        ("ext4", 8 * MIB, ["e2fsck -f -p /dev/sda1", "resize2fs /dev/sda1 8192K"]),
        ("ext4", None, ["e2fsck -f -p /dev/sda1", "resize2fs /dev/sda1"]),
        (
            "ntfs",
            8 * MIB,
            [
                "ntfsresize --force --no-progress-bar --size 8388608 --no-action /dev/sda1",
                "ntfsresize --force --no-progress-bar --size 8388608 /dev/sda1",
            ],
        ),
    ],
)
def test_another_size(
    runner: Recorder, context: Context, kind: str, size: int | None, commands: list[str]
) -> None:
    ResizeFilesystem(volume="/dev/sda1", kind=kind, size=size, grow=size is None).run(context)
    assert runner.commands == commands
    assert (context.altered, context.formatted) == ({"/dev/sda1"}, False)


def test_a_filesystem_that_was_put_right_is_looked_at_again(
    runner: Recorder, context: Context
) -> None:
    action = ResizeFilesystem(volume="partition/a", kind="ext4", size=None, grow=True)
    runner.failing = ["e2fsck"]
    action.run(context)
    assert runner.commands[-1] == "resize2fs /dev/sda1"
    runner.failing = ["e2fsck", "e2fsck"]
    with pytest.raises(CommandFailed, match="e2fsck"):
        action.run(context)


def test_after_a_resize_nothing_older_is_put_back(context: Context, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.write_bytes(bytes(MIB))
    SaveDisk(disk=str(disk), size=MIB, areas=(Area(start=0, size=MIB),)).run(context)
    context.alter(str(disk))
    ResizeFilesystem(volume="partition/a", kind="ext4", size=MIB, grow=False).run(context)
    disk.write_bytes(b"x" * MIB)
    context.compensate()
    assert disk.read_bytes() == b"x" * MIB


def test_a_disk_with_others_partitions_never_loses_its_table(
    context: Context, runner: Recorder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = tmp_path / "disk"
    disk.write_bytes(b"x" * MIB)
    area = Area(start=0, size=MIB)
    SaveDisk(disk=str(disk), size=MIB, areas=(area,), keeps=True).run(context)
    context.alter(str(disk))

    def broken(*_: object) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr("installer.actions.storage.save.copy_ranges", broken)
    with pytest.raises(CommandFailed, match="could not put back"):
        context.compensate()
    assert disk.read_bytes() == b"x" * MIB
    assert not any("wipefs" in each for each in runner.commands)


def test_a_filesystem_with_options(runner: Recorder, context: Context) -> None:
    MakeFilesystem(
        volume="partition/a",
        kind="xfs",
        uuid=UUID,
        label="a label too long",
        options=("-m", "reflink=1"),
    ).run(context)
    assert runner.commands == [
        f"mkfs.xfs -q -f -m uuid={UUID} -L a label too  -m reflink=1 /dev/sda1"
    ]


def test_mounts_below_the_root(runner: Recorder, context: Context) -> None:
    for path in ("/", "/var/tmp"):
        options = "defaults,nodev"
        MountFilesystem(volume="partition/a", kind="ext4", path=path, options=options).run(context)
    context.unwind()
    root, below = context.target, context.target / "var/tmp"
    assert runner.commands == [
        f"mount -t ext4 -o defaults,nodev /dev/sda1 {root}",
        f"mount --make-private {root}",
        f"mount -t ext4 -o defaults,nodev /dev/sda1 {below}",
        f"umount {below}",
        f"umount {root}",
    ]
    assert below.stat().st_mode & 0o7777 == 0o1777


def test_the_initramfs_takes_its_place_when_it_is_made(runner: Recorder, context: Context) -> None:
    boot = context.target / "boot"
    boot.mkdir()
    (boot / "initrd.img-6.12").write_text("old")
    (boot / "initrd.img-6.12.new").write_text("new")
    MakeInitramfs(kernel_version="6.12").run(context)
    assert (boot / "initrd.img-6.12").read_text() == "new"
    command = f"chroot {context.target} dracut --quiet --force /boot/initrd.img-6.12.new 6.12"
    assert command in runner.commands
    assert runner.commands[-1] == f"umount --recursive {context.target}/proc"


@pytest.mark.parametrize("kind", [RemoveBootPath, WipeSignatures])
def test_udev_takes_no_node_away_while_partitions_are_wiped(
    kind: type[RemoveBootPath] | type[WipeSignatures], tmp_path: Path
) -> None:
    """It reads the table of a disk that was written to anew, unless the disk is locked."""
    disk = tmp_path / "disk"
    disk.write_bytes(bytes(MIB))
    locked: dict[str, bool] = {}

    def wipefs(argv: Sequence[str]) -> str:
        with disk.open("rb") as device:
            try:
                fcntl.flock(device, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                locked[argv[-1]] = True
            else:
                locked[argv[-1]] = False
        return ""

    runner = RunnerWith(instead={"wipefs": wipefs, "sync": lambda _: ""})
    context = Context(
        runner=runner, emit=lambda _: None, target=tmp_path / "root", work=tmp_path / "work"
    )
    parts = (f"{disk}1", f"{disk}2")
    if kind is RemoveBootPath:
        RemoveBootPath(disk=str(disk), esps=parts, boot_code=True).run(context)
        assert locked == dict.fromkeys(parts, True)
    else:
        WipeSignatures(disk=str(disk), partitions=parts).run(context)
        # wipefs takes the lock of the disk itself, and would wait for us.
        assert locked == {**dict.fromkeys(parts, True), str(disk): False}
