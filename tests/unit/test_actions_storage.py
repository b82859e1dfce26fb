"""What the steps on arrays, LVM, encryption and tables tell the programs that do the work."""

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from installer.actions.array import CreateArray
from installer.actions.disk import (
    AttachExisting,
    AttachPartitions,
    PlannedPartition,
    WriteTable,
    sfdisk_script,
)
from installer.actions.encryption import (
    AddRecoveryKey,
    EncryptVolume,
    OpenVolume,
    SealToTpm2,
    new_recovery_key,
)
from installer.actions.esp import boot_entries
from installer.actions.filesystem import MakeFilesystem, MountFilesystem
from installer.actions.initramfs import MakeInitramfs
from installer.actions.lvm import CreateLogicalVolume, CreateVolumeGroup
from installer.actions.resize import ResizeFilesystem
from installer.actions.save import Area, SaveDisk
from installer.actions.table import AlterTable, altered_script
from installer.context import Context
from installer.errors import CommandFailed
from installer.run import Input
from installer.secret import Secret

MIB = 1 << 20
UUID = "01234567-89ab-4def-8123-456789abcdef"
PASSPHRASE = Secret("correct horse, ü")
GUID = "0fc63daf-8483-4772-8e79-3d69d8477de4"


@dataclass(slots=True)
class Recorder:
    """A runner that starts nothing: it keeps what it was told, and answers from a table."""

    commands: list[str] = field(default_factory=list)
    inputs: list[Input] = field(default_factory=list)
    answers: dict[str, list[str]] = field(default_factory=dict)
    failing: list[str] = field(default_factory=list)

    def run(
        self,
        argv: Sequence[str],
        *,
        stdin: Input = None,
        timeout: float | None = None,  # noqa: ARG002
        watch: Callable[[int], None] | None = None,  # noqa: ARG002
    ) -> str:
        self.commands.append(" ".join(argv))
        self.inputs.append(stdin)
        if argv[0] in self.failing:
            self.failing.remove(argv[0])
            raise CommandFailed(f"{argv[0]}: ended with exit code 1")
        answers = self.answers.get(" ".join(argv[:2]), [])
        return answers.pop(0) if answers else ""


@pytest.fixture
def runner() -> Recorder:
    return Recorder()


@pytest.fixture
def context(runner: Recorder, tmp_path: Path) -> Context:
    nodes = {f"partition/{letter}": f"/dev/sd{letter}1" for letter in "abcd"}
    (tmp_path / "root").mkdir()
    return Context(
        runner=runner,
        emit=lambda _: None,
        target=tmp_path / "root",
        work=tmp_path / "work",
        nodes=nodes,
    )


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


def test_an_array(runner: Recorder, context: Context) -> None:
    CreateArray(
        reference="array/root",
        name="root",
        level=5,
        uuid=UUID,
        members=("partition/a", "partition/b", "partition/c"),
        spares=("partition/d",),
    ).run(context)
    assert runner.commands == [
        (
            "mdadm --create /dev/md/root --run --quiet --metadata=1.2 --homehost=any --name=root"
            " --uuid=01234567:89ab4def:81234567:89abcdef --level=5 --raid-devices=3"
            " --spare-devices=1 --bitmap=internal /dev/sda1 /dev/sdb1 /dev/sdc1 /dev/sdd1"
        ),
        "udevadm wait --settle --timeout=30 /dev/md/root",
    ]
    assert context.formatted
    assert context.node("array/root") == "/dev/md/root"
    context.unwind()
    assert runner.commands[-1] == "mdadm --stop /dev/md/root"


@pytest.mark.parametrize(("level", "bitmap"), [(0, False), (1, True), (6, True), (10, True)])
def test_what_cannot_get_out_of_step_has_no_bitmap(
    runner: Recorder, context: Context, level: int, bitmap: bool
) -> None:
    CreateArray(
        reference="array/a", name="a", level=level, uuid=UUID, members=("partition/a",)
    ).run(context)
    assert ("--bitmap=internal" in runner.commands[0]) is bitmap
    assert "--spare-devices" not in runner.commands[0]


def test_an_array_is_known_by_the_kernels_name(
    runner: Recorder, context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Path, "resolve", lambda _: Path("/dev/md127"))
    CreateArray(reference="array/a", name="a", level=1, uuid=UUID, members=()).run(context)
    assert context.node("array/a") == "/dev/md127"


def test_a_volume_group(runner: Recorder, context: Context) -> None:
    CreateVolumeGroup(name="photon", members=("partition/a", "partition/b")).run(context)
    context.unwind()
    assert runner.commands == [
        "pvcreate --yes -ff --zero y /dev/sda1 /dev/sdb1",
        "vgcreate --yes photon /dev/sda1 /dev/sdb1",
        "vgchange --activate n photon",
    ]
    assert context.formatted


@pytest.mark.parametrize(
    ("kind", "size", "pool", "options"),
    [
        ("linear", 8 * MIB, None, "--type linear --wipesignatures y --zero y --size 8388608b"),
        ("linear", None, None, "--type linear --wipesignatures y --zero y --extents 100%FREE"),
        ("thin_pool", None, None, "--type thin-pool --zero y --extents 95%FREE"),
        ("thin", 8 * MIB, "pool", "--type thin --thinpool pool --virtualsize 8388608b"),
    ],
)
def test_logical_volumes(
    runner: Recorder, context: Context, kind: str, size: int | None, pool: str | None, options: str
) -> None:
    reference = "volume/photon/var"
    CreateLogicalVolume(
        reference=reference, group="photon", name="var", size=size, kind=kind, pool=pool
    ).run(context)
    assert runner.commands[0] == f"lvcreate --yes {options} --name var photon"
    waits = [each for each in runner.commands if each.startswith("udevadm wait")]
    assert len(waits) == (kind != "thin_pool")
    assert context.node(reference) == "/dev/photon/var"


def test_a_thin_volume_has_a_size_and_a_pool(context: Context) -> None:
    volume = CreateLogicalVolume(
        reference="volume/a/b", group="a", name="b", size=None, kind="thin", pool="pool"
    )
    with pytest.raises(ValueError, match="thin"):
        volume.run(context)


def test_an_encrypted_volume(runner: Recorder, context: Context) -> None:
    action = EncryptVolume(
        reference="encrypted/root",
        volume="partition/a",
        name="root",
        uuid=UUID,
        label="photon-root",
        passphrase=PASSPHRASE,
        memory=64 * MIB,
    )
    action.run(context)
    assert runner.commands == [
        (
            "cryptsetup luksFormat --batch-mode --type=luks2 --pbkdf=argon2id --pbkdf-memory=65536"
            f" --uuid={UUID} --label=photon-root --key-file=- /dev/sda1"
        ),
        "cryptsetup open --type=luks2 --key-file=- --allow-discards /dev/sda1 root",
        "udevadm wait --settle --timeout=30 /dev/mapper/root",
    ]
    assert runner.inputs == [PASSPHRASE, PASSPHRASE, None]
    assert context.formatted
    assert context.node("encrypted/root") == "/dev/mapper/root"
    assert "correct" not in action.describe() + repr(action)
    context.unwind()
    assert runner.commands[-1] == "cryptsetup close root"


def test_a_kept_volume_is_opened(runner: Recorder, context: Context) -> None:
    OpenVolume(
        reference="encrypted/data",
        volume="partition/b",
        name="data",
        passphrase=PASSPHRASE,
        discard=False,
    ).run(context)
    assert runner.commands[0] == "cryptsetup open --type=luks2 --key-file=- /dev/sdb1 data"
    assert not context.formatted


def test_no_key_is_ever_an_argument(runner: Recorder, context: Context) -> None:
    runner.answers["cryptsetup luksDump"] = [
        json.dumps({"keyslots": {"0": {}}}),
        json.dumps({"keyslots": {"0": {}, "1": {}}}),
    ]
    key = new_recovery_key()
    action = AddRecoveryKey(volume="partition/a", passphrase=PASSPHRASE, recovery_key=key)
    action.run(context)
    SealToTpm2(volume="partition/a", passphrase=PASSPHRASE, pcrs=(7, 11)).run(context)
    text = "\n".join([*runner.commands, action.describe(), repr(action)])
    assert PASSPHRASE.reveal() not in text
    assert key.reveal() not in text
    token = {"type": "systemd-recovery", "keyslots": ["1"]}
    assert [each for each in runner.inputs if each] == [
        Secret(PASSPHRASE.reveal() + key.reveal()),
        key,
        json.dumps(token),
        PASSPHRASE,
    ]
    assert "--keyfile-size=17" in runner.commands[1]  # in bytes
    assert runner.commands[-1] == (
        "systemd-cryptenroll --tpm2-device=auto --tpm2-pcrs=7+11 --unlock-key-file=/dev/stdin"
        " /dev/sda1"
    )


def test_without_a_tpm_nothing_is_begun(
    context: Context, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("installer.actions.encryption._TPM", tmp_path / "tpmrm0")
    action = SealToTpm2(volume="partition/a", passphrase=PASSPHRASE, pcrs=(7,))
    with pytest.raises(CommandFailed, match=r"no TPM 2\.0"):
        action.check(context)
    (tmp_path / "tpmrm0").touch()
    action.check(context)


def test_a_recovery_key_is_as_systemd_writes_them() -> None:
    keys = {new_recovery_key().reveal() for _ in range(20)}
    assert len(keys) == 20
    for key in keys:
        assert re.fullmatch(r"([cbdefghijklnrtuv]{8}-){7}[cbdefghijklnrtuv]{8}", key)


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
        "change the partition table of /dev/nvme0n1: delete 2; resize 12 to 2097152 bytes; "
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

    monkeypatch.setattr("installer.actions.save.copy_ranges", broken)
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


def test_boot_entries_of_another_label_are_left_alone() -> None:
    text = (
        "BootOrder: 0001,0002\n"
        f"Boot0001* Photon\tHD(1,GPT,{UUID},0x800,0x100000)/File(\\EFI)\n"
        f"Boot0002* Photon (second disk)\tHD(1,GPT,{GUID},0x800,0x100000)/File(\\EFI)\n"
    )
    assert boot_entries(text, "Photon") == [("0001", UUID)]
    assert boot_entries(text, "Photon (second disk)") == [("0002", GUID)]
