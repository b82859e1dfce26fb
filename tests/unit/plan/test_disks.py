"""Which disk is meant."""

import pytest

from installer.config.disks import DiskSelector
from installer.machine.facts import Disk
from installer.plan.disks import select_disk
from ks_schema import Problem
from tests.engine import machine

A = Disk(
    path="/dev/sda", size=1 << 34, model="Alpha", serial="S1", links=("/dev/disk/by-id/ata-alpha",)
)
B = Disk(path="/dev/sdb", size=1 << 35, model="Beta", serial="S2")
TWIN = Disk(path="/dev/sdc", size=1 << 34, model="Alpha", serial="S1")
USED = Disk(path="/dev/sdd", size=1 << 34, serial="S4", in_use="it is part of the array md0")
LOCKED = Disk(path="/dev/sde", size=1 << 34, serial="S5", read_only=True)
MEDIUM = Disk(path="/dev/sdf", size=1 << 34, serial="S6", medium=True, in_use="mounted")


def by_device(device: str) -> DiskSelector:
    return DiskSelector(name="default", device=device)


def by_serial(serial: str) -> DiskSelector:
    return DiskSelector(name="default", serial=serial)


@pytest.mark.parametrize(
    "selector", [by_device("/dev/sda"), by_device("/dev/disk/by-id/ata-alpha"), by_serial("S1")]
)
def test_one(selector: DiskSelector) -> None:
    assert select_disk(selector, (B, A, USED)) == A


def refusal(selector: DiskSelector, *disks: Disk) -> Problem:
    found = select_disk(selector, disks)
    assert isinstance(found, Problem)
    return found


def test_none_names_what_could_be_used_and_nothing_else() -> None:
    problem = refusal(by_serial("S9"), A, B, USED, LOCKED, MEDIUM)
    assert (problem.pointer, problem.message) == ("/disks/default/serial", "no disk matches S9")
    assert "/dev/sda (Alpha, serial S1, 16 GiB); /dev/sdb" in problem.hint
    assert not any(path in problem.hint for path in ("/dev/sdd", "/dev/sde", "/dev/sdf"))


def test_none_at_all() -> None:
    assert refusal(by_device("/dev/sda")).hint == "no disk can be used"


def test_two_are_never_chosen_between() -> None:
    problem = refusal(by_serial("S1"), A, B, TWIN)
    assert problem.message.startswith("2 disks match S1: /dev/sda")
    assert "/dev/sdc" in problem.message


@pytest.mark.parametrize(
    ("disk", "reason"),
    [
        (USED, "it is part of the array md0"),
        (LOCKED, "it is read-only"),
        (MEDIUM, "the installer was started from it"),
    ],
)
def test_unfit(disk: Disk, reason: str) -> None:
    problem = refusal(by_device(disk.path), A, disk)
    assert problem.pointer == "/disks/default/device"
    assert reason in problem.message
    assert "/dev/sda" in problem.hint


def test_a_disk_without_a_serial_number_is_not_found_by_none() -> None:
    nameless = Disk(path="/dev/vda", size=1)
    assert isinstance(select_disk(by_serial("x"), (nameless,)), Problem)


def test_a_prefix_is_no_match() -> None:
    assert isinstance(select_disk(by_device("/dev/sd"), (A, B)), Problem)


def test_every_captured_disk_is_found_by_each_of_its_links() -> None:
    disks = machine("24-disks").disks
    for disk in disks:
        for link in (disk.path, *disk.links):
            found = select_disk(by_device(link), disks)
            assert found == disk or isinstance(found, Problem)
