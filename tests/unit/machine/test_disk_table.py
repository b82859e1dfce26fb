"""Tables that sfdisk wrote into image files, read back without root."""

import os
import subprocess
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest

from installer.errors import CommandFailed
from installer.machine.disk_table import read_table, verify_table
from installer.machine.partition_table import Region, TableEntry, table_differences

MIB = 1 << 20
ESP = "c12a7328-f81f-11d2-ba4b-00a0c93ec93b"
ROOT = "4f68bce3-e8cd-4db1-96e7-fbcaf984b709"
DISK_GUID = "11111111-2222-4333-8444-555555555555"
PLANNED = (
    TableEntry(
        number=1,
        start=MIB,
        size=10 * MIB,
        type_id=ESP,
        guid="aaaaaaaa-2222-4333-8444-555555555555",
        name="ESP",
    ),
    TableEntry(
        number=2,
        start=11 * MIB,
        size=2 * MIB,
        type_id=ROOT,
        guid="bbbbbbbb-2222-4333-8444-555555555555",
        name="photon root é",
    ),
)
GPT = f"label: gpt\nlabel-id: {DISK_GUID}\n" + "".join(
    f"start={each.start // 512},size={each.size // 512},type={each.type_id},uuid={each.guid},"
    f'name="{each.name}"\n'
    for each in PLANNED
)


def image(path: Path, table: str = "", *, size: int = 64 * MIB) -> Path:
    path = path / "disk.img"
    path.touch()
    os.truncate(path, size)
    if table:
        subprocess.run(
            ["sfdisk", "--quiet", path],
            input=table,
            text=True,
            check=True,
            env={**os.environ, "PATH": "/usr/sbin:/sbin:/usr/bin:/bin", "LC_ALL": "C.UTF-8"},
        )
    return path


def damage(path: Path, offset: int) -> None:
    with path.open("r+b") as file:
        file.seek(offset, os.SEEK_SET if offset >= 0 else os.SEEK_END)
        byte = file.read(1)[0]
        file.seek(-1, os.SEEK_CUR)
        file.write(bytes([byte ^ 1]))


def test_a_gpt_is_read_whole(tmp_path: Path) -> None:
    table = read_table(image(tmp_path, GPT))
    assert (table.kind, table.guid, table.sector, table.alignment) == ("gpt", DISK_GUID, 512, MIB)
    assert [replace(entry, flags=()) for entry in table.partitions] == list(PLANNED)
    assert "esp" in table.partitions[0].flags
    assert table.free == (Region(start=13 * MIB, size=50 * MIB),)


def test_reading_changes_nothing(tmp_path: Path) -> None:
    path = image(tmp_path, GPT)
    before = sha256(path.read_bytes()).digest()
    read_table(path)
    assert sha256(path.read_bytes()).digest() == before


def test_no_table(tmp_path: Path) -> None:
    table = read_table(image(tmp_path))
    assert table.kind == ""
    # The first grain and the backup of a GPT at the end are not for partitions.
    assert table.free == (Region(start=MIB, size=62 * MIB),)


def test_a_dos_table_with_a_logical_partition(tmp_path: Path) -> None:
    table = read_table(
        image(tmp_path, "label: dos\nlabel-id: 0xc0ffee42\nsize=4096,type=83\ntype=5\nsize=4096\n")
    )
    assert (table.kind, table.guid) == ("dos", "0xc0ffee42")
    assert [(entry.number, entry.type_id) for entry in table.partitions] == [
        (1, "0x83"), (2, "0x5"), (5, ""),
    ]  # fmt: skip


def test_an_image_that_grew_is_read_anew(tmp_path: Path) -> None:
    path = image(tmp_path, GPT)
    read_table(path)
    os.truncate(path, 128 * MIB)
    assert read_table(path).free[0].size > 100 * MIB


@pytest.mark.parametrize("offset", [512 + 56, 1024 + 40, -512 + 56, -33 * 512 + 40])
def test_damage_in_either_copy_is_not_passed_over(tmp_path: Path, offset: int) -> None:
    path = image(tmp_path, GPT)
    damage(path, offset)
    with pytest.raises(CommandFailed, match=r"disk\.img"):
        read_table(path)


def test_an_absent_file(tmp_path: Path) -> None:
    with pytest.raises(CommandFailed, match="absent"):
        read_table(tmp_path / "absent")


def test_the_planned_table_verifies(tmp_path: Path) -> None:
    planned = [replace(each, guid=each.guid.upper()) for each in PLANNED]
    verify_table(image(tmp_path, GPT), planned, guid=DISK_GUID.upper())


def test_everything_that_differs_is_in_one_message(tmp_path: Path) -> None:
    path = image(tmp_path, GPT)
    first, second = PLANNED
    with pytest.raises(CommandFailed) as failure:
        verify_table(path, [replace(first, guid=DISK_GUID), replace(second, number=3)])
    assert "partition 1: GUID is" in failure.value.message
    assert "partition 3 is missing; partition 2 was not planned" in failure.value.message


def test_the_whole_list_is_fine(tmp_path: Path) -> None:
    assert differences(tmp_path, *PLANNED) == ()
    unsaid = [replace(each, name="", guid="") for each in PLANNED]
    assert differences(tmp_path, *unsaid) == ()


@pytest.mark.parametrize(
    ("change", "finding"),
    [
        ({"start": 12 * MIB}, f"partition 2: start is {11 * MIB}, not {12 * MIB}"),
        ({"size": 3 * MIB}, f"partition 2: size is {2 * MIB}, not {3 * MIB}"),
        ({"type_id": ESP}, f"partition 2: type is {ROOT}, not {ESP}"),
        ({"name": "other"}, "partition 2: name is photon root é, not other"),
        ({"guid": DISK_GUID}, f"partition 2: GUID is {PLANNED[1].guid}, not {DISK_GUID}"),
    ],
)
def test_each_difference_is_named(
    tmp_path: Path, change: dict[str, str | int], finding: str
) -> None:
    changed = replace(PLANNED[1], **change)  # type: ignore[arg-type]
    assert differences(tmp_path, PLANNED[0], changed) == (finding,)


def test_missing_and_unplanned_partitions_are_named(tmp_path: Path) -> None:
    assert differences(tmp_path, PLANNED[0]) == ("partition 2 was not planned",)
    third = replace(PLANNED[1], number=3)
    assert differences(tmp_path, *PLANNED, third) == ("partition 3 is missing",)


def test_another_kind_of_table_is_named(tmp_path: Path) -> None:
    table = read_table(image(tmp_path))
    assert tuple(table_differences(table, PLANNED)) == ("the table is missing, not gpt",)
    there = read_table(image(tmp_path, GPT))
    assert tuple(table_differences(there, PLANNED, kind="dos")) == ("the table is gpt, not dos",)


def test_flags_are_compared_where_they_are_said(tmp_path: Path) -> None:
    table = read_table(image(tmp_path, "label: dos\nsize=4096,type=83,bootable\n"))
    (entry,) = table.partitions
    assert tuple(table_differences(table, [replace(entry, flags=())], kind="dos")) == ()
    assert tuple(table_differences(table, [replace(entry, flags=("lba",))], kind="dos")) == (
        "partition 1: flags is boot, not lba",
    )


def test_another_disk_guid_is_named(tmp_path: Path) -> None:
    other = DISK_GUID.replace("1", "9")
    assert differences(tmp_path, *PLANNED, guid=other) == (
        f"the disk's GUID is {DISK_GUID}, not {other}",
    )


def differences(folder: Path, *expected: TableEntry, guid: str = "") -> tuple[str, ...]:
    """What differs on a disk with :data:`GPT`."""
    return tuple(table_differences(read_table(image(folder, GPT)), expected, guid=guid))
