"""What the table shows: bars, states, and each problem at the row that it is about."""

from __future__ import annotations

from dataclasses import replace

import pytest

from installer.machine.facts import Disk, Partition
from screens.draft.history import Storage
from screens.editor import edit
from screens.editor.bars import bar_before
from screens.editor.fixes import fixes
from screens.editor.rows import HEAD, loose_problems, table
from screens.forms import Row
from tests.screens.test_editor_edits import bench, stacked, start


def rows(name: str, storage: Storage) -> dict[str, Row]:
    return {each.id: each for each in table(bench(name).scene(storage))}


def begun(name: str, layout: str = "whole_disk") -> Storage:
    storage = start(bench(name), {"layout": layout})
    assert storage is not None
    return storage


def test_lines_fit_and_stand_below_their_heads() -> None:
    for name, storage in (
        ("two-empty-virtio", stacked()),
        ("windows-dual-boot", begun("windows-dual-boot", "free_space")),
    ):
        for row in rows(name, storage).values():
            assert len(row.text) <= 76
            assert all(len(line) <= 72 for line in row.detail)
            size = row.text[25:34]
            assert row.text[34:35] in {"", " "}, row.text
            assert not size or size[-1] in " B%t?"
    assert len(HEAD) <= 78


def test_before_and_after_have_the_same_letters_for_what_stays() -> None:
    storage = begun("windows-dual-boot", "free_space")
    disk = rows("windows-dual-boot", storage)["/disks/disk-1"]
    before, after = (line.partition(" ")[2] for line in disk.detail)
    assert len(before) == len(after) == 66
    assert before[1:50] == after[1:50]
    assert before.endswith("........|")
    assert "AB" in after


def test_every_partition_has_a_column_however_small() -> None:
    parts = tuple(
        Partition(path=f"/dev/sda{number}", number=number, start=number << 20, size=1 << 20)
        for number in range(1, 41)
    )
    disk = Disk(path="/dev/sda", size=1 << 42, partitions=parts)
    drawn = bar_before(disk)
    assert len(drawn) == 66
    assert all(letter in drawn for letter in "abcdefghijklmnopqrstuvwxyz#")


@pytest.mark.parametrize("count", [0, 1, 63, 64, 65, 128])
def test_bars_are_as_wide_as_ever(count: int) -> None:
    parts = tuple(
        Partition(path=f"/dev/sda{number}", number=number, start=number << 30, size=1 << 30)
        for number in range(1, count + 1)
    )
    assert len(bar_before(Disk(path="/dev/sda", size=200 << 30, partitions=parts))) == 66


def test_states_say_what_happens() -> None:
    storage = edit.delete_existing(begun("windows-dual-boot", "free_space"), "disk-1", 4)
    shown = rows("windows-dual-boot", storage)
    assert shown["/existing/disk-1/3"].text.endswith("kept")
    assert shown["/existing/disk-1/4"].text.endswith("deleted")
    assert shown["/volumes/root"].text.endswith("new")
    assert shown["/disks/disk-1"].text.endswith("kept")
    assert rows("windows-dual-boot", begun("windows-dual-boot"))["/disks/disk-1"].text.endswith(
        "erased"
    )


@pytest.mark.parametrize(
    ("section", "name", "data", "row"),
    [
        ("filesystems", "boot", {"kind": "swap", "mount": "/boot"}, "/volumes/boot"),
        ("arrays", "boot", {"level": 5, "members": ["boot-1", "boot-2"]}, "/volumes/boot"),
        ("encrypted", "luks-system", {"volume": "none", "encryption": {}}, "/volumes/luks-system"),
        ("partitions", "boot-1", {"disk": "disk-1", "size": "9 PB"}, "/volumes/boot-1"),
        ("tables", "disk-1", {"delete": [3]}, "/disks/disk-1"),
        (
            "volume_groups", "photon",
            {"members": ["luks-system"], "volumes": {"root": {"pool": "none"}}},
            "/volumes/photon~1root",
        ),
        ("volume_groups", "photon", {"members": []}, "/groups/photon"),
        (
            "filesystems", "photon/root",
            {"kind": "ext4", "mount": "/", "subvolumes": {"@": {}}}, "/volumes/photon~1root",
        ),
    ],
)  # fmt: skip
def test_a_problem_stands_at_its_row(
    section: str, name: str, data: dict[str, object], row: str
) -> None:
    shown = rows("two-empty-virtio", edit.put(stacked(), section, name, data))
    assert shown[row].problem, {key: each.problem for key, each in shown.items()}


def test_a_problem_of_the_whole_stands_nowhere() -> None:
    storage = edit.remove(begun("empty-virtio"), "esp")
    scene = bench("empty-virtio").scene(storage)
    shown = table(scene)
    assert not any(each.problem for each in shown)
    assert len(loose_problems(scene, shown)) == 1


def test_a_mirrored_host_gets_a_mirrored_boot() -> None:
    on = bench("two-empty-virtio")
    storage = stacked()
    for name in ("boot-1", "esp-1", "esp-2"):
        storage = edit.remove(storage, name)
    storage = edit.remove(storage, "boot-2")
    while mends := fixes(on.scene(storage)):
        storage = mends[0].storage
    layout = on.look(storage)
    assert layout.problems == ()
    assert layout.plan is not None
    assert [array.level for array in layout.plan.arrays] == [1, 1]
    assert [len(disk.partitions) for disk in layout.plan.disks] == [3, 3]


def test_what_is_gone_after_a_rescan_can_be_taken_out() -> None:
    on = bench("windows-dual-boot")
    storage = edit.put_partition(
        begun("windows-dual-boot", "free_space"), "old", {"disk": "disk-1", "existing": 5}
    )
    disk = on.machine.disks[0]
    fewer = replace(disk, partitions=disk.partitions[:-1])
    changed = replace(on, machine=replace(on.machine, disks=(fewer,)))
    scene = changed.scene(storage)
    (row,) = (each for each in table(scene) if each.id == "/volumes/old")
    assert "has no partition 5" in row.problem
    assert changed.look(edit.remove(storage, "old")).problems == ()
