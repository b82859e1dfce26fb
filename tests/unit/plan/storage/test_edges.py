"""Layouts at the edge of what can be: told of, or planned without harm to what is kept."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from installer import api
from installer.actions.storage.disk import WriteTable
from installer.actions.storage.filesystem import MakeFilesystem, MakeSubvolumes, MountFilesystem
from installer.actions.storage.table import AlterTable
from installer.config.storage import Size
from installer.errors import MachineUnfit
from installer.machine.facts import (
    Disk,
    Firmware,
    FirmwareMode,
    Layer,
    LayerKind,
    Machine,
    Partition,
)
from installer.plan.model import InstallPlan
from installer.plan.storage.share import share
from ks_schema import Document
from tests.engine import GIB, actions_of, payload
from tests.unit.plan.storage.truths import require_true
from tests.unit.plan.storage.worlds import document

MIB = 1 << 20
ROOT = {"kind": "ext4", "mount": "/"}
ESP = {"disk": "d0", "size": "512 MiB", "type": "esp"}
LINUX = "0fc63daf-8483-4772-8e79-3d69d8477de4"


def there(number: int, **more: Any) -> Partition:
    """A partition of 30 GiB on /dev/sdb, none of which is aligned."""
    facts = {"type_guid": LINUX, "filesystem": "ext4", "uuid": f"uuid-{number}", **more}
    start = 63 * 512 + (number - 1) * 30 * GIB
    size = 30 * GIB - 512
    return Partition(path=f"/dev/sdb{number}", number=number, start=start, size=size, **facts)


def two_disks(
    *partitions: Partition, table: str = "gpt", layers: tuple[Layer, ...] = ()
) -> Machine:
    """A machine with an empty disk d0 and these partitions on d1."""
    return Machine(
        firmware=Firmware(mode=FirmwareMode.EFI),
        memory=GIB,
        disks=(
            Disk(path="/dev/sda", size=200 * GIB),
            Disk(path="/dev/sdb", size=100 * GIB, table=table, partitions=partitions),
        ),
        layers=layers,
    )


def custom(**more: Any) -> dict[str, Any]:
    """A root on d0, and more over it."""
    storage: dict[str, Any] = {
        "layout": "custom",
        "partitions": {"esp": ESP, "root": {"disk": "d0"}},
        "filesystems": {"root": ROOT},
    }
    for key, value in more.items():
        storage[key] = {**storage.get(key, {}), **value}
    return storage


def planned(storage: dict[str, Any], on: Machine, mode: str = "efi") -> InstallPlan:
    plan = api.prepare(Document(data=document(on, storage, mode)), on, payload(), seed="edge")
    require_true(plan, on, ())
    return plan


def refusal(storage: dict[str, Any], on: Machine) -> str:
    with pytest.raises(MachineUnfit) as caught:
        planned(storage, on)
    (problem,) = caught.value.problems
    return f"{problem.pointer}: {problem.message}"


OLD = {"disk": "d1", "existing": 1}
KEEP = {"d1": {"keep": True}}


@pytest.mark.parametrize(
    ("storage", "message"),
    [
        (
            custom(partitions={"esp": {**ESP, "type": "linux"}}),
            "/storage: no new EFI system partition: the firmware could not start this host",
        ),
        (
            custom(
                partitions={"esp-b": {**ESP, "disk": "d1"}},
                arrays={"both": {"level": 1, "members": ["esp", "esp-b"]}},
                filesystems={"both": {"kind": "vfat", "mount": "/boot/efi"}},
            ),
            "/storage: no new EFI system partition: the firmware could not start this host",
        ),
        (
            custom(filesystems={"esp": {"kind": "vfat", "mount": "/efi"}}),
            "/storage: an ESP is mounted at /efi",
        ),
        (
            custom(
                tables=KEEP,
                partitions={"old": {"disk": "d1", "existing": 1}},
                filesystems={"old": {"format": False, "mount": "/var"}},
            ),
            "/storage: /var is kept as it is",
        ),
        (
            custom(partitions={f"esp{n}": {**ESP, "disk": "d1"} for n in range(8)}),
            "/storage: there are 9 ESPs",
        ),
        (
            custom(tables={"d1": {"keep": True, "delete": [4]}}),
            "/storage/tables/d1/delete: /dev/sdb (100 GiB) has no partition 4",
        ),
        (
            custom(tables=KEEP, partitions={"old": {"disk": "d1", "existing": 4}}),
            "/storage/partitions/old/existing: /dev/sdb (100 GiB) has no partition 4",
        ),
        (
            custom(tables={"d0": {"keep": True}}),
            "/storage/tables/d0/keep: /dev/sda (200 GiB) has no partition table that could be kept",
        ),
        (
            custom(tables=KEEP, partitions={"old": {"disk": "d1", "existing": 3, "size": "1 GiB"}}),
            "/storage/partitions/old/size: /dev/sdb (100 GiB) has xfs on partition 3",
        ),
        (
            custom(tables=KEEP, partitions={"old": {"disk": "d1", "existing": 2, "size": "9 GiB"}}),
            "/storage/partitions/old/size: /dev/sdb (100 GiB) cannot shrink partition 2 to 9 GiB",
        ),
        (
            custom(tables=KEEP, partitions={"old": OLD | {"size": "40 GiB"}}),
            "/storage/partitions/old/size: /dev/sdb (100 GiB) has room for 30 GiB there",
        ),
    ],
)  # fmt: skip
def test_a_layout_that_cannot_be(storage: dict[str, Any], message: str) -> None:
    on = two_disks(there(1, minimum=GIB), there(2), there(3, filesystem="xfs"))
    assert refusal(storage, on) == message


def test_a_dos_table_with_an_extended_partition_is_left_alone() -> None:
    on = two_disks(there(1, type_guid="0x5"), table="dos")
    assert "has an extended partition" in refusal(custom(tables=KEEP), on)


def test_a_kept_dos_table_knows_no_guids() -> None:
    on = two_disks(there(1, type_guid="0x83"), table="dos")
    storage = custom(tables=KEEP, partitions={"x": {"disk": "d1", "type": LINUX}})
    assert "knows no type GUIDs" in refusal(storage, on)


@pytest.mark.parametrize(
    ("kind", "name", "more"),
    [
        (LayerKind.LVM, "vg0", {"volume_groups": {"vg0": {"members": ["x"]}}}),
        (LayerKind.CRYPT, "secret", {"encrypted": {"secret": {
            "volume": "x", "encryption": {"passphrase": {"plain": "correct horse"}}}}}),
    ],
)  # fmt: skip
def test_a_name_that_is_taken(kind: LayerKind, name: str, more: dict[str, Any]) -> None:
    layer = Layer(kind=kind, name=name, parents=("/dev/sdb1",), devices=("/dev/mapper/old",))
    on = two_disks(there(1), layers=(layer,))
    storage = custom(partitions={"x": {"disk": "d0"}}, **more)
    assert f"{name} already, on /dev/sdb1" in refusal(storage, on)
    # Where it goes as well, its name is free.
    planned({**storage, "wipe": ["d1"]}, on)


def test_a_volume_group_that_would_lose_one_of_two_partitions() -> None:
    layer = Layer(kind=LayerKind.LVM, name="old", parents=("/dev/sdb1", "/dev/sdb2"))
    on = two_disks(there(1), there(2), layers=(layer,))
    storage = custom(tables={"d1": {"keep": True, "delete": [1]}})
    message = "the volume group old is on /dev/sdb2 as well, which would keep a part of it"
    assert refusal(storage, on) == f"/storage: {message}"
    planned(custom(tables={"d1": {"keep": True, "delete": [1, 2]}}), on)


def test_all_the_rest_is_never_less_than_what_an_unaligned_partition_has() -> None:
    on = two_disks(there(1, minimum=GIB), there(2))
    storage = custom(tables=KEEP, partitions={"old": {"disk": "d1", "existing": 1, "size": "rest"}})
    assert not [each for each in actions_of(planned(storage, on)) if isinstance(each, AlterTable)]


def test_a_kept_btrfs_has_its_subvolumes_already() -> None:
    on = two_disks(there(1, filesystem="btrfs"))
    kept = {"kind": "btrfs", "format": False, "subvolumes": {"data": {"mount": "/srv"}}}
    storage = custom(
        tables=KEEP,
        partitions={"old": {"disk": "d1", "existing": 1}},
        filesystems={"old": kept},
    )
    actions = actions_of(planned(storage, on))
    assert not [each for each in actions if isinstance(each, MakeSubvolumes)]
    assert "partition/old" not in {
        each.volume for each in actions if isinstance(each, MakeFilesystem)
    }
    mounts = [each for each in actions if isinstance(each, MountFilesystem)]
    assert "subvol=data" in next(each.options for each in mounts if each.path == "/srv")


def test_an_esp_on_each_of_two_disks_is_filled_and_the_first_is_mounted() -> None:
    storage = custom(partitions={"esp-b": {**ESP, "disk": "d1"}})
    plan = planned(storage, two_disks())
    assert plan.describe().count("write shim, GRUB and grub.cfg to the ESP") == 2


def test_a_new_dos_table_has_one_active_partition() -> None:
    on = replace(two_disks(), firmware=Firmware(mode=FirmwareMode.BIOS))
    storage = custom(tables={"d0": {"kind": "dos"}})
    plan = planned(storage, on, "bios")
    (table,) = (each for each in actions_of(plan) if isinstance(each, WriteTable))
    assert [each.bootable for each in table.partitions] == [True, False]


@pytest.mark.parametrize("key", ["members", "spares"])
def test_an_existing_partition_in_an_array_is_lost(key: str) -> None:
    on = two_disks(there(1), there(2))
    members = {"members": ["root", "x"], "spares": ["y"]}
    members[key][-1] = "old"
    storage = {
        "layout": "custom",
        "tables": KEEP,
        "partitions": {
            "esp": ESP,
            **{name: {"disk": "d0", "size": "25 GiB"} for name in ("root", "x", "y")},
            "old": OLD,
        },
        "arrays": {"system": {"level": 1, **members}},
        "filesystems": {"system": ROOT},
    }
    plan = planned(storage, on)
    assert "/dev/sdb1: 30 GiB ext4" in plan.losses


def test_sizes_of_nothing_are_as_small_as_can_be() -> None:
    storage = custom(
        partitions={"none": {"disk": "d0", "size": "0 B"}, "pv": {"disk": "d1"}},
        volume_groups={
            "vg0": {
                "members": ["pv"],
                "volumes": {
                    "pool": {"kind": "thin_pool"},
                    "thin": {"kind": "thin", "pool": "pool", "size": "1 B"},
                },
            }
        },
    )
    plan = planned(storage, two_disks(table=""))
    sizes = {each.reference: each.size for disk in plan.storage.disks for each in disk.partitions}
    assert sizes["partition/none"] == MIB
    assert plan.storage.groups[0].volumes[1].size == 4 * MIB


def test_an_esp_on_large_sectors_must_be_larger() -> None:
    small = custom(partitions={"esp": {**ESP, "size": "100 MiB"}})
    planned(small, two_disks())
    large = replace(two_disks().disks[0], logical_sector=4096)
    on = replace(two_disks(), disks=(large, two_disks().disks[1]))
    assert refusal(small, on) == "/storage/filesystems/esp: esp has 100 MiB, too little for vfat"


def test_a_volume_with_two_mounts_has_its_room_once() -> None:
    subvolumes = {"@": {"mount": "/"}, "@var": {"mount": "/var"}}
    storage = custom(
        partitions={"root": {"disk": "d0", "size": "700 MiB"}},
        filesystems={"root": {"kind": "btrfs", "subvolumes": subvolumes}},
    )
    assert "that leaves 700 MiB for the root" in refusal(storage, two_disks())


@pytest.mark.parametrize(
    ("total", "wanted", "given"),
    [
        (100, [Size(maximum=10), Size()], (10, 90)),
        (100, [Size(minimum=60), Size(), Size()], (60, 20, 20)),
        (100, [Size(minimum=30), Size(), Size(maximum=20)], (40, 40, 20)),
        (100, [Size(fixed=50), Size(percent=25), Size()], (50, 25, 25)),
        (100, [Size(percent=50, maximum=10), Size(percent=1, minimum=5)], (10, 5)),
        (100, [Size(fixed=60), Size(percent=60)], 20),
        (3, [Size(), Size(), Size(), Size()], 1),
    ],
)
def test_how_a_stretch_is_shared(
    total: int, wanted: list[Size], given: tuple[int, ...] | int
) -> None:
    assert share(total, wanted, 1) == given
