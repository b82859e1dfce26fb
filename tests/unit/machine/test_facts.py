"""A machine description from elsewhere is believed only as far as it is one."""

import copy
import json
from typing import Any

import pytest

from installer.machine.facts import machine_from_json
from tests.engine import MACHINES

GOOD: dict[str, Any] = json.loads((MACHINES / "windows-dual-boot.json").read_text("utf-8"))


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (["firmware"], "efi"),
        (["firmware"], {}),
        (["firmware", "mode"], "openfirmware"),
        (["firmware", "secure_boot"], None),
        (["memory"], "8 GiB"),
        (["memory"], -1),
        (["cpus"], 1.5),
        (["disks"], 5),
        (["disks", 0], "sda"),
        (["disks", 0, "size"], "512 GB"),
        (["disks", 0, "size"], None),
        (["disks", 0, "medium"], "no"),
        (["disks", 0, "links"], "/dev/disk/by-id/x"),
        (["disks", 0, "colour"], "red"),
        (["disks", 0, "partitions", 1, "number"], True),
        (["disks", 0, "partitions", 1], None),
        (["disks", 0, "partitions", 2, "minimum"], -1),
        (["interfaces", 0, "addresses"], [1]),
        (["left_out"], [{"path": "/dev/sr0"}]),
        (["left_out"], ["/dev/sr0"]),
        (["vendor"], 7),
    ],
    ids=str,
)
def test_what_is_no_machine(place: list[Any], value: object) -> None:
    data = copy.deepcopy(GOOD)
    inner: Any = data
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = value
    with pytest.raises(ValueError, match=r"not a machine description|is not a valid"):
        machine_from_json(data)


@pytest.mark.parametrize("data", [None, 5, "x", [], {}])
def test_what_is_no_object(data: Any) -> None:
    with pytest.raises(ValueError, match="not a machine description"):
        machine_from_json(data)


def test_defaults_may_be_left_out() -> None:
    machine = machine_from_json({"firmware": {"mode": "bios"}, "memory": 1})
    assert (machine.disks, machine.interfaces, machine.virtualization) == ((), (), "none")
    assert machine.left_out == ()


def test_a_pool_that_is_active_is_refused() -> None:
    pool = {"kind": "pool", "name": "zfs"}
    machine = {"firmware": {"mode": "efi"}, "memory": 1, "layers": [{**pool, "active": True}]}
    with pytest.raises(ValueError, match="pool zfs cannot be active"):
        machine_from_json(machine)
    machine["layers"] = [{**pool, "active": False}]
    assert machine_from_json(machine).layers[0].name == "zfs"
