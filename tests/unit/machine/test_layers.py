"""Installing over what an earlier system left active."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from installer.actions.context import Context
from installer.actions.storage.disk import WipeSignatures
from installer.actions.storage.layers import StopLayer
from installer.errors import MachineUnfit
from installer.machine.facts import Disk, Layer, LayerKind, Machine
from installer.machine.layers import disks_sharing, layers_on, sharing_problems
from ks_schema import Problem
from tests.engine import PretendRunner, actions_of, kickstart, machine, plan_for, small_machine

DIRTY = machine("two-sata-md-lvm-luks")
BOTH = {"default": {"device": "/dev/sda"}, "other": {"device": "/dev/sdb"}}


def layer(kind: LayerKind, name: str, *parents: str, devices: tuple[str, ...] = ()) -> Layer:
    active = kind is not LayerKind.POOL
    return Layer(kind=kind, name=name, active=active, parents=parents, devices=devices)


def refusals(on: Machine, **more: object) -> tuple[Problem, ...]:
    with pytest.raises(MachineUnfit) as caught:
        plan_for(kickstart(**more), on)
    return caught.value.problems


def test_the_commands_in_their_order(tmp_path: Path) -> None:
    plan = plan_for(kickstart(disks=BOTH, storage={"wipe": ["other"]}), DIRTY)
    runner = PretendRunner()
    context = Context(runner=runner, emit=lambda _: None, target=tmp_path, work=tmp_path)
    for action in actions_of(plan):
        if isinstance(action, StopLayer | WipeSignatures):
            action.run(context)
    group = "vg_uuid=Zxl1qB-3JkP-0bVt-W8cN-QmRd-5yHf-uT7aGs"
    wipe = ("wipefs", "--all", "--force", "--lock=yes")
    assert [each for each in runner.commands if each[0] != "udevadm"] == [
        ("swapoff", "/dev/mapper/secret"),
        ("cryptsetup", "close", "secret"),
        ("vgchange", "--activate", "n", "--select", group),
        ("mdadm", "--stop", "/dev/md0"),
        (*wipe, "/dev/sda2"),
        (*wipe, "/dev/sda1"),
        (*wipe, "/dev/sda"),
        (*wipe, "/dev/sdb2"),
        (*wipe, "/dev/sdb1"),
        (*wipe, "/dev/sdb"),
    ]
    settled = [each[0] == "udevadm" for each in runner.commands[:8]]
    assert settled == [False, True] * 4


def test_all_that_is_lost_is_told() -> None:
    plan = plan_for(kickstart(disks=BOTH, storage={"wipe": ["other"]}), DIRTY)
    text = "\n".join(plan.losses)
    for name in ("array md0", "volume group vg0", "encrypted volume secret", "/dev/sdb2", "LD20RE"):
        assert name in text


def test_a_group_that_stays_in_part_is_refused_once_and_by_its_lowest_layer() -> None:
    (problem,) = refusals(DIRTY, disks={"default": {"device": "/dev/sda"}})
    assert problem.pointer == "/storage"
    assert problem.message == (
        "the array md0 is on /dev/sdb as well, which would keep a part of it"
    )
    assert '"wipe" in "storage"' in problem.hint


def test_an_array_that_is_not_active_is_refused_as_well() -> None:
    on = machine("two-sata-same-model")
    (problem,) = refusals(on, disks={"default": {"device": "/dev/sdb"}})
    assert "the array old-nas:0 is on /dev/sda as well" in problem.message
    plan = plan_for(kickstart(disks=BOTH, storage={"wipe": ["other"]}), on)
    assert not [each for each in actions_of(plan) if isinstance(each, StopLayer)]
    assert any("old-nas:0" in line and "not active" in line for line in plan.losses)


def test_a_group_over_two_arrays_is_refused_by_its_name() -> None:
    disks = (Disk(path="/dev/sda", size=1), Disk(path="/dev/sdb", size=1))
    layers = (
        layer(LayerKind.MD, "md0", "/dev/sda", devices=("/dev/md0",)),
        layer(LayerKind.MD, "md1", "/dev/sdb", devices=("/dev/md1",)),
        layer(LayerKind.LVM, "vg", "/dev/md0", "/dev/md1", devices=("/dev/mapper/vg-a",)),
        layer(LayerKind.CRYPT, "c", "/dev/mapper/vg-a", devices=("/dev/mapper/c",)),
    )
    on = replace(small_machine("/dev/x"), disks=disks, layers=layers)
    found = layers_on(disks[:1], layers)
    assert [each.name for each in found] == ["c", "vg", "md0"]
    (problem,) = sharing_problems(disks[:1], found, on)
    assert "the volume group vg is on /dev/sdb" in problem.message


def test_disks_that_share() -> None:
    disks = tuple(Disk(path=f"/dev/sd{letter}", size=1) for letter in "abcd")
    layers = (
        layer(LayerKind.MD, "md0", "/dev/sda", "/dev/sdb", devices=("/dev/md0",)),
        layer(LayerKind.LVM, "vg", "/dev/md0", "/dev/sdc", devices=("/dev/mapper/vg-a",)),
        layer(LayerKind.SWAP, "/dev/sdd", "/dev/sdd"),
    )
    for index in (0, 1, 2):
        others = disks_sharing(disks[index], disks, layers)
        assert {disks[index], *others} == set(disks[:3])
    assert disks_sharing(disks[3], disks, layers) == ()


def test_other_disks_keep_their_layers() -> None:
    on = replace(
        small_machine("/dev/vda"),
        layers=(layer(LayerKind.MD, "md0", "/dev/vdb1", devices=("/dev/md0",)),),
    )
    assert not [
        each for each in actions_of(plan_for(kickstart(), on)) if isinstance(each, StopLayer)
    ]


def test_what_cannot_be_wiped() -> None:
    twice = {**BOTH, "other": {"match": {"path": "/dev/sda"}}}
    (problem,) = refusals(DIRTY, disks=twice, storage={"wipe": ["other"]})
    assert (problem.pointer, "meant twice" in problem.message) == ("/disks/other", True)
    gone = {**BOTH, "other": {"serial": "gone"}}
    (problem,) = refusals(DIRTY, disks=gone, storage={"wipe": ["other"]})
    assert problem.pointer == "/disks/other/serial"


NAMES = [f"/dev/n{number}" for number in range(6)]


@given(
    st.lists(
        st.tuples(
            st.sampled_from(list(LayerKind)),
            st.lists(st.sampled_from(["/dev/sda", "/dev/sdb1", *NAMES]), min_size=1, max_size=3),
            st.lists(st.sampled_from(NAMES), max_size=2),
        ),
        max_size=6,
    )
)
def test_any_stack_is_taken_from_the_top_as_far_as_there_is_one(
    stack: list[tuple[LayerKind, list[str], list[str]]],
) -> None:
    layers = tuple(
        layer(kind, str(number), *parents, devices=tuple(devices))
        for number, (kind, parents, devices) in enumerate(stack)
    )
    disk = Disk(path="/dev/sda", size=1)
    found = layers_on((disk,), layers)
    assert len(set(found)) == len(found)
    assert all(each in found for each in layers if "/dev/sda" in each.parents)
    on = replace(small_machine("/dev/sda"), disks=(disk,), layers=layers)
    assert sharing_problems((disk,), found, on) == ()


def test_a_new_volume_is_not_called_like_what_stays() -> None:
    """The names of volume groups, encrypted volumes and multipath disks meet in /dev/mapper."""
    clean = machine("three-disks")
    data = kickstart(disks={"default": {"device": clean.disks[0].path}}, storage={"lvm": True})
    node = "/dev/mapper/photon-root"
    for staying in (
        layer(LayerKind.CRYPT, "photon-root", "/dev/sdc", devices=(node,)),
        layer(LayerKind.LVM, "old", "/dev/sdc", devices=(node,)),
    ):
        with pytest.raises(MachineUnfit, match="already"):
            plan_for(data, replace(clean, layers=(staying,)))
    multipath = replace(clean.disks[2], path=node)
    with pytest.raises(MachineUnfit, match=f"{node} is a disk"):
        plan_for(data, replace(clean, disks=(*clean.disks[:2], multipath)))
