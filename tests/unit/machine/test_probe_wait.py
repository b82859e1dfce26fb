"""Disks that come late: waited for in the live system, no longer than need be, and told of."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from installer.config.disks import DiskSelector
from installer.config.words import read
from installer.errors import CommandFailed
from installer.events import Message
from installer.machine.facts import Disk, Machine
from installer.machine.probe.machine import probe_machine
from installer.machine.probe.wait import PATIENCE_SECONDS, STEP_SECONDS
from installer.plan.disks import missing_disks, select_disk
from installer.system.runner import Input
from tests.engine import Told, machine
from tests.unit.machine.test_probe import FakeRunner, write
from tests.unit.machine.test_probe_disks import disks, listing

EMPTY: Mapping[str, Any] = {"blockdevices": []}


def by(**data: Any) -> DiskSelector:
    return read(DiskSelector, {"name": "default", **data}, {})


class Booting:
    """A machine whose disks come after it has been looked at ``late`` times."""

    def __init__(
        self, root: Path, late: int, then: Mapping[str, Any], first: Mapping[str, Any] = EMPTY
    ) -> None:
        (root / "run/photon").mkdir(parents=True)
        write(root, "run/udev/data/b8:0", "")
        self.root, self.late, self.then, self.first = root, late, then, first
        self.slept: list[float] = []
        self.told = Told()

    def run(
        self,
        argv: Sequence[str],
        *,
        stdin: Input = None,  # noqa: ARG002
        timeout: float | None = None,  # noqa: ARG002
        watch: Callable[[int], None] | None = None,  # noqa: ARG002
    ) -> str:
        if argv[0] != "lsblk":
            raise CommandFailed(f"{argv[0]}: ended with exit code 1")
        return json.dumps(self.then if len(self.slept) >= self.late else self.first)

    def probe(self, *selectors: DiskSelector) -> Machine:
        return probe_machine(
            self,
            emit=self.told,
            missing=lambda disks: missing_disks(selectors, disks),
            root=self.root,
            sleep=self.slept.append,
        )

    @property
    def texts(self) -> list[str]:
        return [each.text for each in self.told.of(Message)]


def test_a_disk_that_is_there_is_not_waited_for(tmp_path: Path) -> None:
    booting = Booting(tmp_path, 0, listing("live-virtio"))
    assert booting.probe().disks
    assert (booting.slept, booting.texts) == ([], [])


def test_a_disk_that_comes_late_is_waited_for_and_told_of(tmp_path: Path) -> None:
    booting = Booting(tmp_path, 2, listing("live-virtio"))
    assert [disk.path for disk in booting.probe().disks] == ["/dev/vda"]
    assert booting.slept == [STEP_SECONDS] * 2
    assert booting.texts == [
        "waiting for a disk that can be used (0 of 30 s)",
        "waiting for a disk that can be used (3 of 30 s)",
    ]


def test_waiting_has_an_end(tmp_path: Path) -> None:
    booting = Booting(tmp_path, 1000, EMPTY)
    assert booting.probe().disks == ()
    assert sum(booting.slept) == PATIENCE_SECONDS


def test_the_medium_is_no_disk_to_wait_for(tmp_path: Path) -> None:
    (medium,) = (each for each in listing("usb-medium")["blockdevices"] if each["name"] == "sdb")
    booting = Booting(tmp_path, 0, {"blockdevices": [medium]})
    assert booting.probe().disks[0].medium
    assert sum(booting.slept) == PATIENCE_SECONDS


def test_a_disk_that_is_wanted_by_name_is_waited_for(tmp_path: Path) -> None:
    booting = Booting(tmp_path, 1, listing("windows-dual-boot"))
    booting.probe(by(serial="21070H480212"), by(device="/dev/nvme0n1"))
    assert booting.texts == ["waiting for 21070H480212, /dev/nvme0n1 (0 of 30 s)"]


SMALLEST = {"match": {}, "pick": "smallest"}


@pytest.mark.parametrize(
    "data",
    [{"match": {}}, SMALLEST, {"match": {"transport": "nvme"}}, {"device": "/dev/nvme0n1"}],
    ids=str,
)
def test_a_disk_that_is_only_described_is_waited_for_behind_the_stick_of_the_kickstart(
    tmp_path: Path, data: dict[str, Any]
) -> None:
    early, late = listing("kickstart-stick"), listing("kickstart-stick-and-late-disk")
    booting = Booting(tmp_path, 2, late, early)
    found = booting.probe(by(**data))
    assert booting.slept == [STEP_SECONDS] * 2
    chosen = select_disk(by(**data), found.disks)
    assert isinstance(chosen, Disk)
    assert chosen.path == "/dev/nvme0n1"


def test_a_disk_for_each_description_is_waited_for() -> None:
    smallest, largest = by(**SMALLEST), by(match={}, pick="largest")
    both = machine("two-empty-virtio").disks
    assert missing_disks((smallest, largest), both[:1]) == "a disk that is as described (any disk)"
    larger = replace(both[1], size=both[1].size * 2)
    assert missing_disks((smallest, largest), (both[0], larger)) == ""


def test_what_is_there_but_fits_nothing_is_not_waited_for_in_vain() -> None:
    both = machine("two-empty-virtio").disks
    assert missing_disks((by(match={}),), both) == "", "more cannot make it one"
    in_use = replace(both[0], in_use="mounted at /mnt")
    assert missing_disks((by(device="/dev/vda"),), (in_use,)) == "", "it is there"


def test_elsewhere_a_machine_without_a_disk_is_nothing_unusual(tmp_path: Path) -> None:
    booting = Booting(tmp_path, 1000, EMPTY)
    (tmp_path / "run/photon").rmdir()
    assert booting.probe().disks == ()
    assert booting.slept == []


def test_what_is_missing() -> None:
    found = machine("two-empty-virtio").disks
    assert missing_disks((), found) == ""
    assert missing_disks((), ()) == "a disk that can be used"
    assert missing_disks((), tuple(disks("md-lvm-luks-active").values())) != ""
    assert missing_disks((), tuple(disks("kickstart-stick").values())) != ""
    assert missing_disks((by(device="/dev/vdb"), by(serial="photon-0001")), found) == ""
    assert missing_disks((by(device="/dev/disk/by-id/virtio-photon-0002"),), found) == ""
    assert missing_disks((by(device="/dev/vda"), by(device="/dev/vdc")), found) == "/dev/vdc"


def test_a_busy_udev_is_told_of_and_then_left_alone(tmp_path: Path) -> None:
    write(tmp_path, "run/udev/control", "")
    runner, told = FakeRunner({"lsblk": json.dumps(EMPTY)}), Told()
    probe_machine(runner, emit=told, root=tmp_path)
    timeouts = [call[2] for call in runner.calls if call[:2] == ("udevadm", "settle")]
    assert timeouts == ["--timeout=3", "--timeout=27"]
    assert [each.text for each in told.of(Message)] == [
        "waiting for devices that are still being set up (at most 27 s more)",
        "some devices are not set up after 30 s; going on with the others",
    ]
