"""Partition tables on loop devices: written anew, changed beside what stays, put back."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from installer.actions.context import Context
from installer.actions.storage.disk import AttachPartitions, WriteTable
from installer.actions.storage.save import Area, SaveDisk
from installer.actions.storage.table import AlterTable
from installer.errors import CommandFailed
from installer.machine.disk_table import read_table
from installer.machine.partition_table import PlannedPartition
from tests.disk.loops import MIB, attach, out, real_context

pytestmark = [
    pytest.mark.disk,
    pytest.mark.skipif(os.geteuid() != 0, reason="loop devices need root"),
]
UUID = "01234567-89ab-4def-8123-456789abcdef"
LINUX = "0fc63daf-8483-4772-8e79-3d69d8477de4"


@pytest.fixture
def context(tmp_path: Path) -> Iterator[Context]:
    with real_context(tmp_path) as made:
        yield made


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
        "7 : start={at[115]}, size={at[8]}, type=83\n"
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


def test_a_changed_table_is_put_back(context: Context, used: str, kind: str, sector: int) -> None:
    before = content(used)
    gone, type_guid = ((3, 7), LINUX) if kind == "gpt" else ((3, 7), "83")
    new = planned(3, 32, 60, type_guid)
    action = AlterTable(
        disk=used, sector=sector, partitions=(new,), delete=gone, resize=((2, 16 * MIB),)
    )
    areas = [Area(start=0, size=256 * MIB, node=used), Area(start=new.start, size=new.size)]
    areas += [Area(start=each.start, size=each.size) for each in read_table(used).partitions]
    SaveDisk(disk=used, size=256 * MIB, areas=tuple(areas), keeps=True).run(context)
    action.run(context)
    assert content(used) != before
    context.compensate()
    assert content(used) == before
    assert not context.altered


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
    AlterTable(disk=used, sector=sector, partitions=(), delete=(5, 6, 7)).run(context)
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
