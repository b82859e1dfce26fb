"""What is stacked on the disks, from lsblk's tree and from what LVM says."""

import json
from pathlib import Path
from typing import Any

import pytest

from installer.machine.facts import Content, Layer, LayerKind, machine_from_json
from installer.machine.probe.disks import parse_devices, probe_disks
from installer.machine.probe.layers import VolumeGroups, parse_members, volume_group_uuid
from tests.unit.machine.test_probe import FakeRunner, write
from tests.unit.machine.test_probe_disks import MACHINES, listing

UUID = "Zxl1qB-3JkP-0bVt-W8cN-QmRd-5yHf-uT7aGs"
OTHER = "aaaaaa-bbbb-cccc-dddd-eeee-ffff-gggggg"
DM_UUID = f"LVM-{UUID.replace('-', '')}{'x' * 32}"
ARRAY = "c2f07fcb-2ea3-5e74-8835-902e48bd3a5e"


def report(*rows: tuple[str, str, str]) -> str:
    names = ("pv_name", "vg_name", "vg_uuid")
    return json.dumps({"report": [{"pv": [dict(zip(names, row, strict=True)) for row in rows]}]})


def layers(capture: str, volumes: VolumeGroups | None = None) -> tuple[Layer, ...]:
    return parse_devices(listing(capture), volumes=volumes).layers


def node(kname: str, kind: str, /, *children: dict[str, Any], **columns: Any) -> dict[str, Any]:
    model = listing("live-virtio")["blockdevices"][-1]
    named = {"name": kname, "kname": kname, "path": f"/dev/{kname}", "type": kind}
    return {**model, **named, **columns, "children": list(children)}


def stacked(*roots: dict[str, Any], volumes: VolumeGroups | None = None) -> tuple[Layer, ...]:
    return parse_devices({"blockdevices": list(roots)}, volumes=volumes).layers


def test_everything_on_a_mirror_comes_once_and_lowest_first() -> None:
    active = {"dm-0": UUID, "dm-1": UUID}
    volumes = VolumeGroups(members=(("/dev/md0", "vg0", UUID),), active=active)
    found = layers("md-lvm-luks-left", volumes)
    assert [(each.kind, each.name, each.active) for each in found] == [
        (LayerKind.MD, "md0", True),
        (LayerKind.LVM, "vg0", True),
        (LayerKind.CRYPT, "secret", True),
        (LayerKind.SWAP, "/dev/mapper/secret", True),
    ]
    array, group, secret, swap = found
    assert (array.uuid, array.parents) == (ARRAY, ("/dev/sda2", "/dev/sdb2"))
    assert array.devices == group.parents == ("/dev/md0",)
    assert group.devices == ("/dev/mapper/vg0-root", "/dev/mapper/vg0-data")
    assert (secret.parents, swap.parents) == (group.devices[1:], secret.devices)


def test_the_captured_machine_is_what_the_probe_makes_of_its_lsblk() -> None:
    machine = machine_from_json(json.loads((MACHINES / "two-sata-md-lvm-luks.json").read_text()))
    links = {Path(disk.path).name: disk.links for disk in machine.disks}
    active = {"dm-0": UUID, "dm-1": UUID}
    volumes = VolumeGroups(members=(("/dev/md0", "vg0", UUID),), active=active)
    found = parse_devices(listing("md-lvm-luks-left"), links=links, volumes=volumes)
    assert (found.disks, found.layers) == (machine.disks, machine.layers)


def test_without_lvm_the_active_volumes_tell_their_group() -> None:
    (group,) = (each for each in layers("md-lvm-luks-left") if each.kind is LayerKind.LVM)
    assert (group.name, group.uuid, group.parents) == ("vg0", "", ("/dev/md0",))


def test_an_idle_array_is_known_by_its_members() -> None:
    assert layers("md-idle") == (
        Layer(
            kind=LayerKind.MD,
            name="old-nas:0",
            uuid=ARRAY,
            active=False,
            parents=("/dev/sda2", "/dev/sdb2"),
        ),
    )


@pytest.mark.parametrize("capture", ["live-virtio", "windows-dual-boot", "usb-medium"])
def test_plain_disks_have_no_layers(capture: str) -> None:
    assert layers(capture) == ()


def test_swap_on_a_partition() -> None:
    (swap,) = stacked(node("sda", "disk", node("sda1", "part", mountpoints=["[SWAP]"])))
    assert (swap.kind, swap.name, swap.parents) == (LayerKind.SWAP, "/dev/sda1", ("/dev/sda1",))


def test_partitions_of_an_array_go_with_it() -> None:
    volume = node("dm-0", "crypt", name="c", path="/dev/mapper/c")
    array = node("md_d1", "raid5", node("md_d1p1", "part", volume))
    md, crypt = stacked(node("sda", "disk", array), node("sdb", "disk", array))
    assert md.parents == ("/dev/sda", "/dev/sdb")
    assert md.devices == ("/dev/md_d1", "/dev/md_d1p1")
    assert crypt.parents == ("/dev/md_d1p1",)


def test_a_thin_volume_does_not_hold_its_own_group() -> None:
    thin = node("dm-1", "lvm", name="my--vg-thin", path="/dev/mapper/my--vg-thin")
    pool = node("dm-0", "lvm", thin, name="my--vg-pool", path="/dev/mapper/my--vg-pool")
    (group,) = stacked(node("sda", "disk", pool))
    assert (group.name, group.parents) == ("my-vg", ("/dev/sda",))
    assert group.devices == ("/dev/mapper/my--vg-pool", "/dev/mapper/my--vg-thin")


def test_an_array_without_a_member_in_the_list_is_passed_over() -> None:
    assert stacked(node("md126", "raid1", node("md126p1", "part"))) == ()


def test_two_groups_of_one_name_are_two() -> None:
    roots = [
        node(disk, "disk", node(dm, "lvm", name="vg0-root", path=f"/dev/mapper/{dm}"))
        for disk, dm in (("sda", "dm-0"), ("sdb", "dm-1"))
    ]
    volumes = VolumeGroups(
        members=(("/dev/sda", "vg0", UUID), ("/dev/sdb", "vg0", OTHER), ("/dev/sdc", "vg0", OTHER)),
        active={"dm-0": UUID, "dm-1": OTHER},
    )
    first, second = stacked(*roots, volumes=volumes)
    assert (first.name, first.uuid, first.parents) == ("vg0", UUID, ("/dev/sda",))
    assert (second.name, second.uuid, second.parents) == ("vg0", OTHER, ("/dev/sdb", "/dev/sdc"))


def test_what_lvm_is_asked(tmp_path: Path) -> None:
    write(tmp_path, "run/udev/data/b8:0", "")
    for name in ("dm-0", "dm-1"):
        write(tmp_path, f"sys/class/block/{name}/dm/uuid", DM_UUID + "\n")
    pvs = report(("/dev/md0", "vg0", UUID), ("/dev/sdz", "", ""), ("[unknown]", "vg0", UUID))
    runner = FakeRunner({"lsblk": json.dumps(listing("md-lvm-luks-left")), "pvs": pvs})
    (group,) = (each for each in probe_disks(runner, tmp_path).layers if each.kind is LayerKind.LVM)
    assert (group.uuid, group.parents, group.active) == (UUID, ("/dev/md0",), True)


def test_a_machine_without_lvm_is_looked_at_all_the_same(tmp_path: Path) -> None:
    write(tmp_path, "run/udev/data/b8:0", "")
    runner = FakeRunner({"lsblk": json.dumps(listing("md-lvm-luks-left"))})
    assert len(probe_disks(runner, tmp_path).layers) == 4


def test_a_group_that_is_not_active_is_known_by_its_members() -> None:
    volumes = VolumeGroups(members=(("/dev/sda", "data", UUID), ("/dev/sdb", "data", UUID)))
    (group,) = stacked(node("sda", "disk"), node("sdb", "disk"), volumes=volumes)
    assert (group.active, group.parents, group.devices) == (False, ("/dev/sda", "/dev/sdb"), ())


def test_members_of_no_group_and_missing_ones_are_left_out() -> None:
    assert parse_members(report(("/dev/sda", "", ""), ("[unknown]", "v", UUID))) == ()


@pytest.mark.parametrize(
    ("dm", "uuid"),
    [
        (DM_UUID, UUID),
        (f"{DM_UUID}-tpool", UUID),
        ("CRYPT-LUKS2-0123-secret", ""),
        ("LVM-short", ""),
        ("", ""),
    ],
)
def test_the_group_in_a_device_mapper_uuid(dm: str, uuid: str) -> None:
    assert volume_group_uuid(dm) == uuid


def test_an_array_of_the_firmware_lies_on_its_container() -> None:
    container, array = layers("firmware-array")
    assert (container.name, container.parents) == ("md127", ("/dev/sda", "/dev/sdb"))
    assert (array.name, array.parents) == ("md126", ("/dev/md127",))
    assert array.devices == ("/dev/md126", "/dev/md126p1")


def test_what_is_on_a_device_of_a_layer_is_known() -> None:
    crypt = node(
        "dm-0", "crypt", name="c", path="/dev/mapper/c", fstype="btrfs", uuid="U", label="t"
    )
    (layer,) = stacked(node("sda", "disk", node("sda1", "part", crypt)))
    assert layer.contents == (
        Content(path="/dev/mapper/c", filesystem="btrfs", label="t", uuid="U"),
    )


@pytest.mark.parametrize("output", ["", "{}", '{"report": [{"pv": [{}]}]}', "[]", '{"report": 1}'])
def test_members_of_groups_that_cannot_be_read_stay_or_go_together(
    tmp_path: Path, output: str
) -> None:
    write(tmp_path, "run/udev/data/b8:0", "")
    disks = [node(name, "disk", fstype="LVM2_member") for name in ("sda", "sdb")]
    runner = FakeRunner({"lsblk": json.dumps({"blockdevices": disks}), "pvs": output})
    (group,) = probe_disks(runner, tmp_path).layers
    assert (group.kind, group.active, group.parents) == (
        LayerKind.LVM, False, ("/dev/sda", "/dev/sdb"),
    )  # fmt: skip
