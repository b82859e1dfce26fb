"""A damaged partition table is a finding of the boot check, and no reason not to look."""

from __future__ import annotations

import os
import struct
import subprocess
import zlib
from pathlib import Path

import pytest

from installer.boot_check.gather import verify_disk
from installer.command.main import main
from installer.errors import ExitCode
from installer.system.run import ProcessRunner
from installer.verify.finding import Outcome
from installer.verify.table import DiskTable, disk_table, torn_findings

MIB = 1 << 20
SIZE = 64 * MIB
GPT = "label: gpt\nstart=2048, size=40960, type=U\nsize=20480, type=L\n"
DOS = "label: dos\nstart=2048, size=40960, type=ef\nsize=20480, type=83\n"
FIRST, LAST = 512, SIZE - 512
RUNNER = ProcessRunner(lambda _: None)
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root may look")


@pytest.fixture
def image(tmp_path: Path) -> Path:
    return made(tmp_path / "disk.img", GPT)


def made(path: Path, script: str) -> Path:
    path.touch()
    os.truncate(path, SIZE)
    subprocess.run(["sfdisk", "--quiet", path], input=script, text=True, check=True)
    return path


def write(image: Path, at: int, data: bytes) -> None:
    with image.open("r+b") as file:
        file.seek(at)
        file.write(data)


def told(table: DiskTable) -> list[tuple[Outcome, str]]:
    return [(each.outcome, each.text) for each in table.findings]


def test_a_whole_table_is_not_spoken_of(image: Path) -> None:
    table = disk_table(RUNNER, image)
    assert (len(table.partitions), table.findings, table.torn) == (2, (), False)


@pytest.mark.parametrize("data", [b"", os.urandom(MIB)])
def test_no_table(data: bytes, tmp_path: Path) -> None:
    image = tmp_path / "disk.img"
    image.write_bytes(data)
    os.truncate(image, SIZE)
    table = disk_table(RUNNER, image)
    assert (table.partitions, told(table)) == ((), [(Outcome.BAD, "there is none")])


@pytest.mark.parametrize("script", ["label: gpt\n", "label: dos\n"])
def test_no_partitions(script: str, tmp_path: Path) -> None:
    table = disk_table(RUNNER, made(tmp_path / "disk.img", script))
    assert told(table) == [(Outcome.BAD, "it has no partitions")]


@pytest.mark.parametrize("at", [FIRST, FIRST + 16, 1024])  # signature, checksum, entries
def test_a_torn_first_copy_with_a_good_one_at_the_end(at: int, image: Path) -> None:
    write(image, at, b"\xff" * 8)
    table = disk_table(RUNNER, image)
    assert len(table.partitions) == 2
    assert table.torn
    (by_efi,), (by_bios,) = (torn_findings(table, bios=each) for each in (False, True))
    assert (by_efi.outcome, by_bios.outcome) == (Outcome.NOTE, Outcome.BAD)
    assert "sfdisk --dump DISK" in by_efi.hint
    # What the hint asks for restores it.
    dump = subprocess.run(["sfdisk", "--dump", image], capture_output=True, check=True).stdout
    subprocess.run(["sfdisk", "--quiet", image], input=dump, check=True)
    after = disk_table(RUNNER, image)
    assert (after.partitions, after.findings, after.torn) == (table.partitions, (), False)


def test_a_torn_copy_at_the_end_is_a_note(image: Path) -> None:
    write(image, LAST, bytes(512))
    table = disk_table(RUNNER, image)
    assert told(table) == [(Outcome.NOTE, "its copy at the end of the disk is damaged")]
    assert torn_findings(table, bios=True) == ()


def test_a_disk_that_has_grown_is_whole(image: Path) -> None:
    os.truncate(image, 2 * SIZE)
    table = disk_table(RUNNER, image)
    assert (len(table.partitions), table.findings, table.torn) == (2, (), False)


def test_both_copies_torn(image: Path) -> None:
    for at in (FIRST, LAST):
        write(image, at + 16, b"rubbish")
    assert told(disk_table(RUNNER, image)) == [
        (Outcome.BAD, "both copies of it are damaged or gone")
    ]


def test_a_protective_mbr_alone(image: Path) -> None:
    write(image, FIRST, bytes(33 * 512))
    write(image, SIZE - 33 * 512, bytes(33 * 512))
    assert told(disk_table(RUNNER, image)) == [
        (Outcome.BAD, "both copies of it are damaged or gone")
    ]


@pytest.mark.parametrize("size", [8 * MIB, 30 * MIB, SIZE - 4096, SIZE - 512])
def test_an_image_that_was_cut_off(size: int, image: Path) -> None:
    os.truncate(image, size)
    (found,) = disk_table(RUNNER, image).findings
    assert found.outcome is Outcome.BAD
    assert found.text.startswith("it describes a disk of 64 MiB, and this one ends after ")


def test_partitions_beyond_the_end_of_a_dos_disk(tmp_path: Path) -> None:
    image = made(tmp_path / "disk.img", DOS)
    os.truncate(image, 8 * MIB)
    table = disk_table(RUNNER, image)
    assert [each.what for each in table.findings] == ["partition 1", "partition 2"]
    assert {each.text for each in table.findings} == {"it reaches beyond the end of the disk"}


def test_an_esp_beyond_the_end_of_the_file(image: Path) -> None:
    """The table is sound by its checksums; the first entry is not."""
    for header, entries in ((FIRST, 1024), (LAST, SIZE - 33 * 512)):
        data = bytearray(image.read_bytes())
        struct.pack_into("<QQ", data, entries + 32, 1 << 30, (1 << 30) + 40959)
        struct.pack_into("<I", data, header + 88, zlib.crc32(data[entries : entries + 128 * 128]))
        struct.pack_into("<I", data, header + 16, 0)
        struct.pack_into("<I", data, header + 16, zlib.crc32(data[header : header + 92]))
        image.write_bytes(data)
    table = disk_table(RUNNER, image)
    assert (Outcome.BAD, "it reaches beyond the end of the disk") in told(table)


@needs_root
@pytest.mark.parametrize("damage", ["none", "both", "cut"])
def test_the_command_says_that_it_would_not_boot(
    damage: str, image: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if damage == "none":
        image.write_bytes(bytes(SIZE))
    elif damage == "both":
        write(image, FIRST, bytes(512))
        write(image, LAST, bytes(512))
    else:
        os.truncate(image, 30 * MIB)
    assert main(["verify", "--disk", str(image)]) == ExitCode.UNBOOTABLE
    shown = capsys.readouterr().out
    assert "BAD   the partition table: " in shown
    assert "It would not boot" in shown
    assert not verify_disk(RUNNER, image).boots
