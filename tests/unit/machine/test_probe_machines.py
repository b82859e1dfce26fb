"""The machines in ``tests/machines`` are well-formed and possible."""

import json
from itertools import pairwise
from pathlib import Path

import pytest

from installer.machine.facts import Machine, machine_from_json

FILES = sorted((Path(__file__).parents[2] / "machines").glob("*.json"))


def load(path: Path) -> Machine:
    return machine_from_json(json.loads(path.read_text()))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_machine_survives_json(path: Path) -> None:
    assert load(path).to_json() == json.loads(path.read_text())


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_its_disks_are_possible(path: Path) -> None:
    for disk in load(path).disks:
        assert disk.size % disk.logical_sector == 0
        for before, after in pairwise(disk.partitions):
            assert before.start + before.size <= after.start
        assert all(part.start + part.size <= disk.size for part in disk.partitions)
        assert all(part.path.startswith(disk.path) for part in disk.partitions)
        assert all(part.minimum < part.size for part in disk.partitions)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_names_are_of_one_disk(path: Path) -> None:
    # The paths to one disk differ in nothing but how one gets there.
    disks = [disk for disk in load(path).disks if "mpath" not in disk.in_use]
    names = [name for disk in disks for name in (disk.path, disk.serial, *disk.links)]
    assert len(names) == len(set(names))
