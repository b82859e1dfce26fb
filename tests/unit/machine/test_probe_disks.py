"""What lsblk lists becomes disks; ``lsblk/*.json`` are its outputs on several machines."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from installer.errors import CommandFailed
from installer.machine.facts import Disk, machine_from_json
from installer.machine.probe.disks import lsblk_columns, parse_devices, probe_disks
from installer.machine.probe.systems import operating_system
from installer.system.blkid import tags
from tests.unit.machine.test_probe import FakeRunner, write

HERE = Path(__file__).parent
MACHINES = HERE.parents[1] / "machines"
ESP = "c12a7328-f81f-11d2-ba4b-00a0c93ec93b"
MIB = 1 << 20


def listing(name: str) -> dict[str, Any]:
    data: dict[str, Any] = json.loads((HERE / f"lsblk/{name}.json").read_text())
    return data


def disks(name: str) -> dict[str, Disk]:
    return {disk.path: disk for disk in parse_devices(listing(name)).disks}


def one_disk(**columns: Any) -> Disk:
    """The disk of a machine that has just one; ``columns`` differ from an empty virtio disk."""
    node = next(n for n in listing("live-virtio")["blockdevices"] if n["name"] == "vda")
    return parse_devices({"blockdevices": [{**node, **columns}]}).disks[0]


def test_a_live_system_with_an_empty_disk() -> None:
    devices = parse_devices(listing("live-virtio"))
    assert [disk.path for disk in devices.disks] == ["/dev/vda"]
    disk = devices.disks[0]
    assert (disk.size, disk.serial, disk.transport) == (20 << 30, "photon-0001", "virtio")
    assert (disk.in_use, disk.table, disk.partitions, disk.medium) == ("", "", (), False)


def test_whatever_is_left_out_has_its_reason() -> None:
    left_out = parse_devices(listing("live-virtio")).left_out
    assert {each.path: each.reason for each in left_out} == {
        "/dev/loop0": "a loop device",
        "/dev/fd0": "a floppy drive",
        "/dev/sr0": "a CD or DVD drive",
        "/dev/zram0": "compressed memory",
    }


def test_windows_beside_linux() -> None:
    disk = disks("windows-dual-boot")["/dev/nvme0n1"]
    assert disk.table == "gpt"
    assert [part.number for part in disk.partitions] == [1, 2, 3, 4, 5]
    assert [part.operating_system for part in disk.partitions] == [
        "", "", "Windows", "Windows recovery", "Fedora",
    ]  # fmt: skip
    esp = disk.partitions[0]
    assert (esp.path, esp.start, esp.size) == ("/dev/nvme0n1p1", MIB, 100 * MIB)
    assert (esp.type_guid, esp.filesystem, esp.label) == (ESP, "vfat", "SYSTEM")
    assert esp.name == "EFI system partition"


def test_the_stick_it_booted_from_is_the_medium() -> None:
    devices = parse_devices(listing("usb-medium"))
    medium = {disk.path: disk.medium for disk in devices.disks}
    assert medium == {"/dev/sda": False, "/dev/sdb": True}
    stick = devices.disks[1]
    assert stick.in_use == "it holds the installation medium"
    assert stick.removable
    assert stick.partitions[0].mounted == ("/run/photon/medium",)
    assert devices.left_out[0].reason == "no card or disk is in it"


def test_the_medium_is_what_is_mounted_as_such_and_not_what_has_its_label() -> None:
    old = disks("old-medium")["/dev/sda"]
    assert (old.medium, old.in_use) == (False, "")
    assert not one_disk(fstype="iso9660", label="PHOTON").medium
    medium = one_disk(fstype="iso9660", label="ANY", mountpoints=["/run/photon/medium"])
    assert (medium.medium, medium.in_use) == (True, "it holds the installation medium")


def test_what_is_on_a_whole_disk_has_its_label_and_uuid() -> None:
    first = disks("btrfs-over-two")["/dev/sda"]
    found = (first.filesystem, first.label, first.uuid)
    assert found == ("btrfs", "tank", "11111111-2222-4333-8444-555555555555")


WRONG: tuple[Any, ...] = (None, "", "x", 7, -1, 1.5, True, [], [None], {}, {"children": None})


def test_no_value_of_any_column_is_a_crash() -> None:
    for capture in ("windows-dual-boot", "md-lvm-luks-left", "firmware-array"):
        for column in listing(capture)["blockdevices"][0]:
            for value in WRONG:
                nodes = listing(capture)["blockdevices"]
                spoilt = [_spoilt(each, column, value) for each in nodes]
                parse_devices({"blockdevices": [*spoilt, value]})


def _spoilt(node: dict[str, Any], column: str, value: Any) -> dict[str, Any]:
    children = [_spoilt(each, column, value) for each in node.get("children", ())]
    return {**node, "children": children, column: value}


def test_numbers_and_flags_come_as_texts_from_an_older_lsblk() -> None:
    old = one_disk(**{"size": "21474836480", "log-sec": "4096", "rota": "1", "ro": "0"})
    assert (old.size, old.logical_sector, old.rotational, old.read_only) == (
        20 << 30, 4096, True, False,
    )  # fmt: skip
    assert one_disk(mountpoints=None, mountpoint="/mnt").in_use == "mounted at /mnt"
    nothing = one_disk(**dict.fromkeys(("log-sec", "phy-sec", "rota", "rm", "ro", "model")))
    assert (nothing.logical_sector, nothing.model, nothing.removable) == (512, "", False)


@pytest.mark.parametrize("output", ["", "null", "[]", "{}", '{"blockdevices": null}', "[" * 99999])
def test_what_is_no_list_of_devices_is_told_as_such(tmp_path: Path, output: str) -> None:
    with pytest.raises(CommandFailed, match="lsblk: its output"):
        probe_disks(FakeRunner({"lsblk": output}), tmp_path)


def test_an_idle_mirror_is_not_in_use() -> None:
    first, second = disks("md-idle").values()
    assert first.in_use == second.in_use == ""
    assert first.model == second.model
    assert first.serial != second.serial
    assert first.partitions[1].filesystem == "linux_raid_member"
    assert (first.physical_sector, first.rotational) == (4096, True)


def test_what_is_mounted_is_in_use_through_every_layer() -> None:
    for disk in disks("md-lvm-luks-active").values():
        assert disk.in_use == "mounted at /mnt"


def test_what_can_be_stopped_is_not_in_use() -> None:
    for disk in disks("md-lvm-luks-left").values():
        assert disk.in_use == ""


def test_a_layer_that_is_not_known_is_in_use() -> None:
    child = {**listing("live-virtio")["blockdevices"][-1], "name": "mpatha", "type": "mpath"}
    assert one_disk(children=[child]).in_use == "part of mpatha (mpath)"


@pytest.mark.parametrize(
    ("columns", "reason"),
    [
        ({}, ""),
        ({"ro": True}, "it is read-only"),
        ({"mountpoints": ["/srv", "/srv"]}, "mounted at /srv"),
        ({"mountpoints": ["[SWAP]"]}, ""),
    ],
)
def test_reasons_not_to_write(columns: dict[str, Any], reason: str) -> None:
    assert one_disk(**columns).in_use == reason


@pytest.mark.parametrize(
    ("name", "transport"),
    [("vda", "virtio"), ("nvme0n1", "nvme"), ("mmcblk0", "mmc"), ("xvda", "xen"), ("sda", "scsi")],
)
def test_a_transport_that_lsblk_keeps_to_itself(name: str, transport: str) -> None:
    assert one_disk(kname=name, tran=None).transport == transport


@pytest.mark.parametrize("name", ["mmcblk0boot0", "mmcblk0rpmb", "ram3", "mtdblock0"])
def test_names_that_are_no_disks(name: str) -> None:
    node = listing("live-virtio")["blockdevices"][-1]
    devices = parse_devices({"blockdevices": [{**node, "kname": name}]})
    assert not devices.disks
    assert devices.left_out[0].reason


def test_nodes_that_the_kernel_keeps_ready_are_not_told_of() -> None:
    devices = parse_devices(listing("emmc"))
    assert [disk.path for disk in devices.disks] == ["/dev/mmcblk0"]
    assert {each.path: each.reason for each in devices.left_out} == {
        "/dev/mmcblk0boot0": "a hidden area of a memory card",
        "/dev/mmcblk0boot1": "a hidden area of a memory card",
        "/dev/sda": "no card or disk is in it",
        "/dev/loop0": "a loop device",
    }


def test_a_multipath_device_is_left_out_and_its_paths_are_in_use() -> None:
    devices = parse_devices(listing("sas-multipath"))
    assert {disk.path: disk.in_use for disk in devices.disks} == {
        "/dev/sda": "part of mpatha (mpath)",
        "/dev/sdb": "part of mpatha (mpath)",
        "/dev/sdc": "",
    }
    assert {each.path: each.reason for each in devices.left_out} == {
        "/dev/mapper/mpatha": "several paths to one disk (multipath), which is not supported",
        "/dev/sr0": "a CD or DVD drive",
    }
    assert len(devices.left_out) == 2  # not once for each path


def test_disks_come_in_natural_order() -> None:
    node = listing("live-virtio")["blockdevices"][-1]
    names = ["sdaa", "sdb", "nvme10n1", "nvme2n1", "sda"]
    nodes = [{**node, "kname": name, "path": f"/dev/{name}"} for name in names]
    found = parse_devices({"blockdevices": nodes}).disks
    assert [disk.path for disk in found] == [
        "/dev/nvme2n1", "/dev/nvme10n1", "/dev/sda", "/dev/sdb", "/dev/sdaa",
    ]  # fmt: skip


def test_links_are_read_from_dev(tmp_path: Path) -> None:
    write(tmp_path, "run/udev/data/b254:0", "")
    for link in ("by-path/pci-0000:04:00.0", "by-id/virtio-photon-0001"):
        path = tmp_path / "dev/disk" / link
        path.parent.mkdir(parents=True, exist_ok=True)
        path.symlink_to("../../vda")
    (tmp_path / "dev/disk/by-path/pci-0000:04:00.0-part1").symlink_to("../../vda1")
    runner = FakeRunner({"lsblk": json.dumps(listing("live-virtio"))})
    disk = probe_disks(runner, tmp_path).disks[0]
    assert disk.links == (
        "/dev/disk/by-id/virtio-photon-0001",
        "/dev/disk/by-path/pci-0000:04:00.0",
    )
    assert [call[0] for call in runner.calls] == ["lsblk"]


def test_without_udev_blkid_is_asked(tmp_path: Path) -> None:
    blkid = "DEVNAME=/dev/vda\nPTUUID=1-2\nPTTYPE=gpt\n"
    runner = FakeRunner({"lsblk": json.dumps(listing("live-virtio")), "blkid": blkid})
    assert probe_disks(runner, tmp_path).disks[0].table == "gpt"
    assert not any("/dev/sr0" in call for call in runner.calls)
    runner = FakeRunner({"lsblk": json.dumps(listing("live-virtio"))})
    assert probe_disks(runner, tmp_path).disks[0].table == ""


def test_blkid_escapes_like_a_shell() -> None:
    text = "DEVNAME=/dev/vda1\nLABEL=my\\ \\'disk\nTYPE=ext4\nPART_ENTRY_TYPE=0x83\n"
    found = lsblk_columns(tags(text))
    assert found == {"label": "my 'disk", "fstype": "ext4", "parttype": "0x83"}


@pytest.mark.parametrize(
    ("filesystem", "label", "type_guid", "others", "expected"),
    [
        ("BitLocker", "", "", set(), "Windows (BitLocker)"),
        ("ntfs", "", "", {"e3c9e316-0b5c-4db8-817d-f92df00215ae"}, "Windows"),
        ("ntfs", "Backup", "", set(), ""),
        ("apfs", "", "", set(), "macOS"),
        ("ext4", "", "4f68bce3-e8cd-4db1-96e7-fbcaf984b709", set(), "Linux"),
        ("xfs", "data", "", set(), ""),
        ("", "", "", set(), ""),
    ],
)
def test_operating_systems(
    filesystem: str, label: str, type_guid: str, others: set[str], expected: str
) -> None:
    found = operating_system(
        type_guid=type_guid, filesystem=filesystem, label=label, other_types=others
    )
    assert found == expected


@pytest.mark.parametrize(
    ("capture", "machine"),
    [
        ("live-virtio", "empty-virtio"),
        ("windows-dual-boot", "windows-dual-boot"),
        ("usb-medium", "usb-medium"),
        ("md-idle", "two-sata-same-model"),
        ("emmc", "emmc"),
        ("sas-multipath", "sas-multipath"),
    ],
)
def test_captured_machines_are_what_the_probe_makes_of_their_lsblk(
    capture: str, machine: str
) -> None:
    expected = machine_from_json(json.loads((MACHINES / f"{machine}.json").read_text()))
    links = {Path(disk.path).name: disk.links for disk in expected.disks}
    found = parse_devices(listing(capture), links=links)
    # Only the tools of the filesystems know how far those could be shrunk.
    assert found.disks == tuple(map(_without_minimums, expected.disks))
    assert found.left_out == expected.left_out


def _without_minimums(disk: Disk) -> Disk:
    return replace(disk, partitions=tuple(replace(each, minimum=0) for each in disk.partitions))
