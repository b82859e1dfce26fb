"""Whatever a machine's description or lsblk says: it is planned for, or refused, and no more."""

import copy
import json
import random
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from installer.errors import CommandFailed, MachineUnfit
from installer.machine import Firmware, FirmwareMode, Machine, machine_from_json
from installer.machine_text import machine_text
from installer.probe.disks import parse_devices
from tests.engine import GIB, MACHINES, kickstart, plan_for

ROUNDS = 400
CAPTURES = Path(__file__).parent / "lsblk"
KICKSTARTS = (
    kickstart(disks={"default": {"match": {}, "pick": "largest"}}),
    kickstart(
        disks={"default": {"match": {}, "pick": "smallest"}}, storage={"layout": "free_space"}
    ),
    kickstart(disks={"default": {"device": "/dev/sda"}}, boot={"mode": "dual"}),
)
TEXTS = (
    "", "x", "\x1b[2J\n", "/dev/sda", "part", "crypt", "lvm", "btrfs", "linux_raid_member",
    "isw_raid_member", "LVM2_member", "gpt", "dos", "PHOTONKS", "ext4", "vfat", "0x5", "0x42",
    "c12a7328-f81f-11d2-ba4b-00a0c93ec93b",
)  # fmt: skip
NUMBERS = (0, 1, 7, 511, 512, 4096, 1 << 40, 1 << 70)
OTHERS: tuple[Any, ...] = (None, -1, 1.5, True, [], {}, ["a"], [1], {"a": 1})


def places(data: Any) -> Iterator[tuple[Any, Any]]:
    """Every container in the data with a key of it."""
    items = data.items() if isinstance(data, dict) else enumerate(data)
    for key, value in items:
        yield data, key
        if isinstance(value, dict | list):
            yield from places(value)


def spoilt(data: Any, chance: random.Random) -> Any:
    """The data with one to three values that are others, mostly of the same type."""
    data = copy.deepcopy(data)
    for _ in range(chance.randint(1, 3)):
        of, key = chance.choice(list(places(data)))
        value = of[key]
        same: tuple[Any, ...] = OTHERS
        if chance.random() < 0.9:
            if isinstance(value, bool):
                same = (not value,)
            elif isinstance(value, int):
                same = (*NUMBERS, value + 1, value * 2)
            elif isinstance(value, str):
                same = TEXTS
        of[key] = chance.choice(same)
    return data


def planned_or_refused(machine: Machine, chance: random.Random) -> None:
    machine_text(machine)
    with suppress(MachineUnfit):
        plan_for(chance.choice(KICKSTARTS), machine).describe()


@pytest.mark.parametrize("seed", range(4))
def test_any_description(seed: int) -> None:
    chance = random.Random(seed)
    sound = [json.loads(path.read_text("utf-8")) for path in sorted(MACHINES.glob("*.json"))]
    read = 0
    for _ in range(ROUNDS // 4):
        try:
            machine = machine_from_json(spoilt(chance.choice(sound), chance))
        except ValueError:
            continue
        read += 1
        planned_or_refused(machine, chance)
    assert read > ROUNDS // 16, "many of them are still descriptions"


@pytest.mark.parametrize("seed", range(4))
def test_any_listing(seed: int) -> None:
    chance = random.Random(seed)
    sound = [json.loads(path.read_text("utf-8")) for path in sorted(CAPTURES.glob("*.json"))]
    for _ in range(ROUNDS // 4):
        try:
            found = parse_devices(spoilt(chance.choice(sound), chance))
        except CommandFailed:
            continue
        machine = Machine(
            firmware=Firmware(mode=FirmwareMode.EFI),
            memory=GIB,
            disks=found.disks,
            layers=found.layers,
            left_out=found.left_out,
        )
        planned_or_refused(machine, chance)
