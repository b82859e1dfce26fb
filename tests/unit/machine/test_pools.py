"""What is spread over several disks goes as a whole or not at all, whatever it is made with."""

from dataclasses import replace
from typing import Any

import pytest

from installer.actions.storage.layers import StopLayer
from installer.errors import MachineUnfit
from installer.machine.facts import Content, Disk, Layer, LayerKind, Machine, Partition
from installer.machine.layers import disks_sharing
from installer.machine.pools import stacked
from installer.machine.text import machine_text
from ks_schema import Problem
from tests.engine import actions_of, kickstart, machine, plan_for, small_machine

GIB = 1 << 30
BOTH = {"default": {"device": "/dev/sda"}, "other": {"device": "/dev/sdb"}}
# The mark of a member, and whether its UUID is that of the whole.
FORMATS = [
    ("apfs", True),
    ("bcachefs", True),
    ("btrfs", True),
    ("ddf_raid_member", True),
    ("linux_raid_member", True),
    ("VMFS_volume_member", True),
    ("zfs_member", True),
    ("adaptec_raid_member", False),
    ("bcache", False),
    ("ceph_bluestore", False),
    ("drbd", False),
    ("hpt37x_raid_member", False),
    ("isw_raid_member", False),
    ("jmicron_raid_member", False),
    ("lsi_mega_raid_member", False),
    ("mpath_member", False),
    ("nvidia_raid_member", False),
    ("promise_fasttrack_raid_member", False),
    ("silicon_medley_raid_member", False),
    ("some_later_member", False),
    ("stratis", False),
    ("via_raid_member", False),
]


def disk(path: str, mark: str = "", uuid: str = "", *, table: bool = False) -> Disk:
    if not table:
        return Disk(path=path, size=64 * GIB, filesystem=mark, uuid=uuid, serial=path)
    part = Partition(path=f"{path}1", number=1, start=1 << 20, size=GIB, filesystem=mark, uuid=uuid)
    return Disk(path=path, size=64 * GIB, serial=path, table="gpt", partitions=(part,))


def on(*disks: Disk, layers: tuple[Layer, ...] = ()) -> Machine:
    return replace(small_machine("/dev/x"), disks=disks, layers=layers)


def refusal(of: Machine, **more: Any) -> Problem:
    data = kickstart(**{"disks": {"default": {"device": "/dev/sda"}}, **more})
    with pytest.raises(MachineUnfit) as caught:
        plan_for(data, of)
    (problem,) = caught.value.problems
    return problem


@pytest.mark.parametrize(("mark", "known"), FORMATS)
@pytest.mark.parametrize("table", [False, True])
def test_one_of_two_is_refused_until_the_other_goes_too(
    mark: str, known: bool, table: bool
) -> None:
    uuids = ("U", "U") if known else ("A", "B")
    first, second = (
        disk(path, mark, uuid, table=table)
        for path, uuid in zip(("/dev/sda", "/dev/sdb"), uuids, strict=True)
    )
    both = on(first, second, disk("/dev/sdc", "ext4", "U"))
    problem = refusal(both)
    assert problem.pointer == "/storage"
    assert "/dev/sdb" in problem.message
    assert "/dev/sdc" not in problem.message
    assert '/dev/sdb be erased too ("wipe" in "storage")' in problem.hint
    assert [each.path for each in disks_sharing(first, both.disks, stacked(both))] == ["/dev/sdb"]
    plan = plan_for(kickstart(disks=BOTH, storage={"wipe": ["other"]}), both)
    assert any("/dev/sda" in line and "/dev/sdb" in line for line in plan.losses)
    assert not [each for each in actions_of(plan) if isinstance(each, StopLayer)]


@pytest.mark.parametrize("mark", [mark for mark, known in FORMATS if known])
def test_two_that_have_nothing_in_common_go_each_alone(mark: str) -> None:
    plan_for(
        kickstart(disks={"default": {"device": "/dev/sda"}}),
        on(disk("/dev/sda", mark, "A"), disk("/dev/sdb", mark, "B")),
    )


@pytest.mark.parametrize("mark", ["btrfs", "zfs_member", "bcache"])
def test_a_description_that_does_not_say_which_is_no_reason_to_erase_half(mark: str) -> None:
    assert "/dev/sdb" in refusal(on(disk("/dev/sda", mark), disk("/dev/sdb", mark))).message


def test_partitions_of_one_disk_are_told_by_their_names() -> None:
    parts = tuple(
        Partition(path=f"/dev/sda{n}", number=n, start=n * 30 * GIB, size=8 * GIB,
                  filesystem="btrfs", uuid="U")
        for n in (1, 2)
    )  # fmt: skip
    one = Disk(path="/dev/sda", size=128 * GIB, table="gpt", partitions=parts)
    storage = {
        "layout": "custom",
        "tables": {"default": {"keep": True, "delete": [1]}},
        "partitions": {
            "esp": {"disk": "default", "size": "512 MiB", "type": "esp"},
            "root": {"disk": "default"},
        },
        "filesystems": {"root": {"kind": "ext4", "mount": "/"}},
    }
    assert "/dev/sda2" in refusal(on(one), storage=storage).message


def test_a_pool_on_opened_volumes_counts_as_one_on_their_disks() -> None:
    layers = tuple(
        Layer(
            kind=LayerKind.CRYPT, name=name, parents=(below,), devices=(f"/dev/mapper/{name}",),
            contents=(Content(path=f"/dev/mapper/{name}", filesystem="btrfs", uuid="U"),),
        )
        for name, below in (("a", "/dev/sda"), ("b", "/dev/sdb"))
    )  # fmt: skip
    stack = on(disk("/dev/sda", "crypto_LUKS", "1"), disk("/dev/sdb", "crypto_LUKS", "2"),
               layers=layers)  # fmt: skip
    assert "btrfs is on /dev/sdb" in refusal(stack).message


def test_the_captured_pool_is_shown_and_told_of() -> None:
    tank = machine("btrfs-over-two")
    assert "the btrfs tank is on /dev/sdb as well" in refusal(tank).message
    assert "btrfs tank on /dev/sda /dev/sdb" in machine_text(tank)
    plan = plan_for(kickstart(disks=BOTH, storage={"wipe": ["other"]}), tank)
    assert "btrfs tank on /dev/sda, /dev/sdb" in plan.losses


def earlier(of: Machine) -> Machine:
    """As it was described before: the container and the array side by side on the disks."""
    layers = tuple(
        Layer(kind=each.kind, name=each.name, parents=("/dev/sda", "/dev/sdb"),
              devices=each.devices)
        for each in of.layers
    )  # fmt: skip
    return replace(of, layers=layers)


@pytest.mark.parametrize("of", [machine("firmware-array"), earlier(machine("firmware-array"))])
def test_the_array_in_a_container_is_stopped_before_it(of: Machine) -> None:
    for layers in (of.layers, of.layers[::-1]):
        plan = plan_for(
            kickstart(disks=BOTH, storage={"wipe": ["other"]}), replace(of, layers=layers)
        )
        stopped = [each.layer.name for each in actions_of(plan) if isinstance(each, StopLayer)]
        assert stopped == ["md126", "md127"]
    problem = refusal(of)
    assert "/dev/sdb" in problem.message


def test_an_array_of_the_firmware_is_no_disk_and_its_members_are_not_offered() -> None:
    of = machine("firmware-array")
    for device in ("/dev/md126", "/dev/md126p1", "/dev/md127"):
        problem = refusal(of, disks={"default": {"device": device}})
        assert problem.message == (
            f"{device} is an array of the firmware, which cannot be installed onto"
        )
        assert "AHCI" in problem.hint
        assert '"mirror"' in problem.hint
    hint = refusal(of, disks={"default": {"device": "/dev/sdz"}}).hint
    assert not hint.startswith("disks that could be used")
    assert "belong to an array of the firmware" in hint
    free = replace(of, disks=(*of.disks, disk("/dev/sdc")))
    hint = refusal(free, disks={"default": {"device": "/dev/sdz"}}).hint
    assert hint == "disks that could be used: /dev/sdc (serial /dev/sdc, 64 GiB)"


def test_what_lies_on_disks_is_no_disk() -> None:
    dirty = machine("two-sata-md-lvm-luks")
    problem = refusal(dirty, disks={"default": {"device": "/dev/mapper/vg0-root"}})
    assert problem.message == "/dev/mapper/vg0-root is not a disk; it is on /dev/sda, /dev/sdb"
    drive = machine("empty-virtio")
    problem = refusal(drive, disks={"default": {"device": "/dev/sr0"}})
    assert problem.message == "/dev/sr0 cannot be installed onto: it is a CD or DVD drive"
