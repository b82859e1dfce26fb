"""What is saved of a disk, and how it gets back."""

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from installer.actions.context import Context
from installer.actions.storage.save import Area, SaveDisk, copy_ranges, merged
from installer.errors import CommandFailed
from installer.events import Message
from tests.engine import PretendRunner, Told

MIB = 1 << 20
SIZE = 32 * MIB
RANGES = st.lists(st.tuples(st.integers(-5, 60), st.integers(-5, 60)), max_size=6)


@given(RANGES)
def test_merged_ranges_are_the_same_bytes(ranges: list[tuple[int, int]]) -> None:
    found = merged(ranges, 50)
    wanted = {byte for start, end in ranges for byte in range(max(0, start), min(50, end))}
    assert [byte for start, end in found for byte in range(start, end)] == sorted(wanted)


def test_zeros_are_put_back_too(tmp_path: Path) -> None:
    disk, store = tmp_path / "disk", tmp_path / "store"
    old = bytes(MIB) + os.urandom(MIB) + bytes(2 * MIB)
    disk.write_bytes(old)
    store.touch()
    os.truncate(store, len(old))
    copy_ranges(disk, store, [(0, 3 * MIB)], holes=True)
    assert store.stat().st_blocks * 512 < 2 * MIB
    disk.write_bytes(b"x" * len(old))
    copy_ranges(store, disk, [(0, 3 * MIB)])
    assert disk.read_bytes() == old[: 3 * MIB] + b"x" * MIB


class Finding(PretendRunner):
    """Its wipefs finds a signature in an unusual place."""

    def run(self, argv: Sequence[str], **more: Any) -> str:
        super().run(argv, **more)
        if "--no-act" in argv and argv[-1].endswith("part"):
            return json.dumps({"signatures": [{"offset": "0x800000", "length": "8"}]})
        return ""


def saved(tmp_path: Path) -> tuple[Context, Path, bytes, Told]:
    disk = tmp_path / "disk"
    old = os.urandom(SIZE)
    disk.write_bytes(old)
    told = Told()
    context = Context(runner=Finding(), emit=told, target=tmp_path / "root", work=tmp_path / "work")
    part = Area(start=4 * MIB, size=24 * MIB, node="part")
    whole = Area(start=0, size=SIZE, node=str(disk))
    SaveDisk(disk=str(disk), size=SIZE, areas=(whole, part)).run(context)
    return context, disk, old, told


def destroy(disk: Path) -> None:
    """Write where tools do: both ends of the disk and of the partition, and the odd signature."""
    with disk.open("r+b") as file:
        for start, end in ((0, 9), (12, 12), (26, 28), (30, 32)):
            file.seek(start * MIB)
            file.write(bytes((end - start) * MIB or 8))


def test_everything_that_tools_write_to_comes_back(tmp_path: Path) -> None:
    context, disk, old, told = saved(tmp_path)
    context.alter(str(disk))
    destroy(disk)
    context.compensate()
    assert disk.read_bytes() == old
    assert (context.altered, list((tmp_path / "work").iterdir()), told.events) == (set(), [], [])


def test_after_the_first_format_nothing_comes_back_and_nothing_is_kept(tmp_path: Path) -> None:
    context, disk, old, _ = saved(tmp_path)
    context.alter(str(disk))
    destroy(disk)
    context.begin_format()
    assert list((tmp_path / "work").iterdir()) == []
    context.compensate()
    assert disk.read_bytes() != old
    assert context.altered == {str(disk)}


def test_a_disk_that_was_not_touched_is_not_written_to(tmp_path: Path) -> None:
    context, disk, _, _ = saved(tmp_path)
    disk.unlink()
    context.compensate()
    assert list((tmp_path / "work").iterdir()) == []


def test_what_was_saved_earlier_is_not_mistaken_for_this(tmp_path: Path) -> None:
    (tmp_path / "work").mkdir()
    (tmp_path / "work/saved-disk").write_bytes(b"x" * SIZE)
    context, disk, old, _ = saved(tmp_path)
    assert (tmp_path / "work/saved-disk").stat().st_mode & 0o777 == 0o600
    context.alter(str(disk))
    context.compensate()
    assert disk.read_bytes() == old


def test_a_disk_that_takes_nothing_back_loses_its_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context, disk, _, told = saved(tmp_path)
    context.alter(str(disk))

    def broken(*_: object) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr("installer.actions.storage.save.copy_ranges", broken)
    with pytest.raises(CommandFailed, match="could not put back"):
        context.compensate()
    assert disk.read_bytes()[:440] == bytes(440)
    assert context.altered == {str(disk)}
    assert "Input/output error" in told.of(Message)[0].text


def test_the_kernel_reads_the_old_table_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("installer.actions.storage.save.needs_loops", lambda _: False)
    context, disk, _, told = saved(tmp_path)
    context.alter(str(disk))
    runner = context.runner
    assert isinstance(runner, PretendRunner)
    runner.fail_at = len(runner.commands) + 1
    context.compensate()
    assert runner.commands[-1] == ("blockdev", "--rereadpt", str(disk))
    assert context.altered == set()
    assert "seen after a restart" in told.of(Message)[0].text
