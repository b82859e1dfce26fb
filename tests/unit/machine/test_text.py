"""What ``facts`` prints: everything that was found out, within the width of a terminal."""

import pytest

from installer.machine.text import machine_text
from tests.engine import MACHINES, machine

NAMES = sorted(path.stem for path in MACHINES.glob("*.json"))


@pytest.mark.parametrize("name", NAMES)
def test_every_fact_of_a_disk_is_there(name: str) -> None:
    on = machine(name)
    text = machine_text(on)
    for disk in on.disks:
        facts = (disk.path, disk.model, disk.serial, disk.wwn, disk.in_use, *disk.links)
        assert all(each in text for each in facts)
        assert all(each.uuid in text and each.label in text for each in disk.partitions)
    for layer in on.layers:
        assert all(each in text for each in (layer.name, layer.uuid, *layer.devices))
    assert all(f"{each.path}: " in text for each in on.left_out)


@pytest.mark.parametrize("name", NAMES)
def test_it_fits_a_terminal(name: str) -> None:
    lines = machine_text(machine(name)).splitlines()
    # A name is never broken: it is there to be copied.
    assert all(len(line) <= 80 or len(line.split()) == 1 for line in lines)


def test_a_disk_in_lines() -> None:
    assert machine_text(machine("ext4-with-data")).split("\n\n")[1].splitlines() == [
        "/dev/vda  20 GiB",
        "  serial photon-0001",
        "  virtio, rotating, sectors of 512 bytes (physical 512), GPT partition table",
        "  /dev/disk/by-id/virtio-photon-0001",
        "  /dev/disk/by-path/pci-0000:04:00.0",
        "  /dev/disk/by-path/virtio-pci-0000:04:00.0",
        '  vda1  512 MiB  vfat  "EFI System Partition"',
        "      UUID D3B1-4A77",
        '  vda2  19.5 GiB  ext4  "debian"  Debian GNU/Linux 12 (bookworm)',
        "      UUID 7d0f2f5e-2d7c-4a8e-9a55-3c1de8f5b0a9, can be shrunk to 3.6 GiB",
    ]


def test_what_is_stacked_on_the_disks() -> None:
    sections = machine_text(machine("two-sata-md-lvm-luks")).split("\n\n")
    (stacked,) = (each for each in sections if each.startswith("Stacked"))
    assert stacked.splitlines() == [
        "Stacked on the disks:",
        "  array md0 on /dev/sda2 /dev/sdb2",
        "      UUID c2f07fcb-2ea3-5e74-8835-902e48bd3a5e, makes /dev/md0",
        "  volume group vg0 on /dev/md0",
        "      UUID Zxl1qB-3JkP-0bVt-W8cN-QmRd-5yHf-uT7aGs, makes /dev/mapper/vg0-root",
        "          /dev/mapper/vg0-data",
        "  encrypted volume secret on /dev/mapper/vg0-data",
        "      makes /dev/mapper/secret",
        "  swap space /dev/mapper/secret on /dev/mapper/secret",
    ]


def test_why_a_disk_cannot_be_used_and_what_is_left_out() -> None:
    text = machine_text(machine("sas-multipath"))
    assert text.count("! unavailable: part of mpatha (mpath)\n") == 2
    assert "\n  /dev/sr0: a CD or DVD drive\n" in text
