"""What the planner decides from the machine, and what it refuses."""

from typing import Any

import pytest

from installer import api
from installer.config.packages import KernelFlavour
from installer.config.storage import Swap, SwapKind
from installer.errors import MachineUnfit
from installer.machine.facts import (
    IMAGE_TRANSPORT,
    Disk,
    Firmware,
    FirmwareMode,
    Machine,
    NetworkInterface,
    SecureBoot,
)
from installer.plan.decide import kernel_for, swap_for
from installer.plan.host.keyboard import keyboard_notes
from installer.plan.model import InstallPlan
from ks_schema import Document, Problem
from tests.engine import GIB, kickstart, machine, plan_for, small_machine

MIB = 1 << 20
MOK = {"certificate": "/m.pem"}


def on_disk(**more: Any) -> dict[str, Any]:
    return kickstart(disks={"default": {"serial": "PHOTON0"}}, **more)


def refusals(data: dict[str, Any], on: Machine) -> tuple[Problem, ...]:
    with pytest.raises(MachineUnfit) as caught:
        plan_for(data, on)
    return caught.value.problems


def pointers(data: dict[str, Any], on: Machine) -> list[str]:
    return [problem.pointer for problem in refusals(data, on)]


def tree_name(plan: InstallPlan) -> str:
    return plan.tree.name


@pytest.mark.parametrize(
    ("virtualization", "transport", "driver", "flavour"),
    [
        ("kvm", "virtio", "virtio_net", "cloud"),
        ("kvm", "virtio", "", "cloud"),
        ("amazon", "nvme", "ena", "cloud"),
        ("none", "nvme", "e1000e", "generic"),
        ("none", "virtio", "virtio_net", "generic"),
        ("oracle", "sata", "e1000", "generic"),
        ("kvm", "sata", "virtio_net", "generic"),
        ("kvm", "virtio", "e1000", "generic"),
        ("vmware", "nvme", "vmxnet3", "generic"),
    ],
)
def test_kernel_for(virtualization: str, transport: str, driver: str, flavour: str) -> None:
    disk = Disk(path="/dev/x", size=1, transport=transport)
    one = NetworkInterface(name="eth0", mac="52:54:00:12:34:56", driver=driver)
    on = Machine(
        firmware=Firmware(mode=FirmwareMode.EFI),
        memory=GIB,
        virtualization=virtualization,
        interfaces=(one,),
    )
    assert kernel_for(on, (disk,)) is KernelFlavour(flavour)


@pytest.mark.parametrize(
    ("asked", "memory", "size"),
    [
        (Swap(kind=SwapKind.PARTITION), 100 * MIB, 512 * MIB),
        (Swap(kind=SwapKind.FILE), 2 * GIB, 2 * GIB),
        (Swap(kind=SwapKind.FILE), 2 * GIB - 1, 2 * GIB - MIB),
        (Swap(kind=SwapKind.PARTITION), 64 * GIB, 4 * GIB),
        (Swap(kind=SwapKind.PARTITION, size=5), 64 * GIB, 5),
        (Swap(kind=SwapKind.NONE), 64 * GIB, None),
        (None, 64 * GIB, None),
    ],
)
def test_swap_for(asked: Swap | None, memory: int, size: int | None) -> None:
    made = swap_for(asked, memory)
    assert made.size == size
    assert made.kind is (asked.kind if asked else SwapKind.NONE)


def test_what_was_said_is_not_noted() -> None:
    said = on_disk(
        boot={"mode": "efi"},
        packages={"kernel": "cloud"},
        storage={"filesystem": "ext4", "swap": {"kind": "none"}},
        network={"ethernets": {"eth0": {"dhcp4": True}}},
    )
    assert plan_for(said, small_machine("/dev/vda")).defaults == ()
    defaults = "\n".join(plan_for(on_disk(), small_machine("/dev/vda")).defaults)
    for word in ("boot mode efi", "kernel cloud", "btrfs", "no swap", "DHCP"):
        assert word in defaults


@pytest.mark.parametrize(
    ("swap", "size", "fits"),
    [
        (None, 2 * GIB, True),
        (None, GIB, False),
        ({"kind": "partition", "size": "1 GiB"}, 2 * GIB, False),
        ({"kind": "partition", "size": "1 GiB"}, 3 * GIB, True),
        ({"kind": "file", "size": "1 GiB"}, 2 * GIB, False),
        ({"kind": "file", "size": "1 GiB"}, 3 * GIB, True),
        ({"kind": "file", "size": "900 TiB"}, 3 * GIB, False),
        (None, 0, False),
    ],
)
def test_room(swap: dict[str, str] | None, size: int, fits: bool) -> None:
    data = on_disk(**({"storage": {"swap": swap}} if swap else {}))
    on = small_machine("/dev/vda", size)
    if fits:
        assert plan_for(data, on).phases
        return
    (problem,) = refusals(data, on)
    assert problem.pointer == "/storage"
    assert "is too small" in problem.message


def test_captured_disk_that_is_too_small() -> None:
    data = kickstart(disks={"default": {"device": machine("tiny-disk").disks[0].path}})
    assert pointers(data, machine("tiny-disk")) == ["/storage"]


def test_a_set_that_the_payload_lacks() -> None:
    data = on_disk(packages={"set": "full", "kernel": "cloud"})
    (problem,) = refusals(data, small_machine("/dev/vda"))
    assert problem.pointer == "/packages"
    assert "minimal-generic, minimal-cloud, full-generic" in problem.hint


@pytest.mark.parametrize("state", list(SecureBoot))
def test_secure_boot_required(state: SecureBoot) -> None:
    firmware = Firmware(mode=FirmwareMode.EFI, secure_boot=state)
    on = small_machine("/dev/vda", firmware=firmware)
    data = on_disk(boot={"secure_boot": "required"})
    if state is SecureBoot.ENABLED:
        assert plan_for(data, on).phases
    else:
        assert pointers(data, on) == ["/boot/secure_boot"]


@pytest.mark.parametrize(
    ("started", "asked", "fits"),
    [
        ("efi", "efi", True),
        ("efi", "bios", False),
        ("efi", "dual", True),
        ("bios", "efi", False),
        ("bios", "bios", True),
        ("bios", "dual", True),
    ],
)
def test_boot_mode(started: str, asked: str, fits: bool) -> None:
    on = small_machine("/dev/vda", firmware=Firmware(mode=FirmwareMode(started)))
    data = on_disk(boot={"mode": asked})
    if fits:
        assert plan_for(data, on).phases
    else:
        assert pointers(data, on) == ["/boot/mode"]


@pytest.mark.parametrize("mode", ["bios", "dual"])
def test_bios_does_not_start_from_large_sectors(mode: str) -> None:
    on = small_machine("/dev/vda", firmware=Firmware(mode=FirmwareMode.BIOS), logical_sector=4096)
    assert pointers(on_disk(boot={"mode": mode}), on) == ["/boot/mode"]
    assert pointers(on_disk(), on) == ["/boot/mode"]


def test_efi_does() -> None:
    assert plan_for(on_disk(), small_machine("/dev/vda", logical_sector=4096)).phases


def test_everything_at_once() -> None:
    on = small_machine(
        "/dev/vda", GIB, firmware=Firmware(mode=FirmwareMode.BIOS), logical_sector=4096
    )
    data = on_disk(boot={"mode": "dual", "secure_boot": "required"}, services={"dokcer": "enabled"})
    assert pointers(data, on) == [
        "/boot/secure_boot",
        "/boot/mode",
        "/services/dokcer",
        "/storage",
    ]


def test_an_image_takes_any_mode() -> None:
    on = small_machine("/tmp/x.img", transport=IMAGE_TRANSPORT)
    for mode, secure_boot in (("efi", "required"), ("bios", "optional"), ("dual", "required")):
        data = on_disk(boot={"mode": mode, "secure_boot": secure_boot})
        text = plan_for(data, on).describe()
        assert "create the image file /tmp/x.img" in text
        assert "wipe the signatures" not in text
        assert "firmware boot entry" not in text


def test_secure_boot_is_not_for_bios() -> None:
    data = on_disk(boot={"mode": "bios", "secure_boot": "required"})
    assert pointers(data, small_machine("/tmp/x.img", transport=IMAGE_TRANSPORT)) == [
        "/boot/secure_boot"
    ]


def test_free_space_on_a_disk_without_a_table_is_told_in_the_words_of_its_layout() -> None:
    (problem,) = refusals(on_disk(storage={"layout": "free_space"}), small_machine("/dev/vda"))
    assert problem.pointer == "/storage"
    assert "no partition table" in problem.message
    assert "whole_disk" in problem.hint


@pytest.mark.parametrize(
    ("keyboard", "boot", "notes"),
    [
        ("de", {"menu_password": {"plain": "y and z"}}, ["GRUB"]),
        ("us(dvorak)", {"menu_password": {"plain": "y and z"}}, ["GRUB"]),
        ("us", {"menu_password": {"plain": "y and z"}}, []),
        ("de", {}, []),
        ("de", {"machine_owner_key": MOK | {"password": {"plain": "yz"}}}, ["MokManager"]),
        ("de", {"machine_owner_key": MOK}, []),
    ],
)
def test_what_is_typed_on_a_us_keyboard_is_said(
    keyboard: str, boot: dict[str, Any], notes: list[str]
) -> None:
    document = Document(data=kickstart(keyboard=keyboard, boot=boot))
    found = list(keyboard_notes(api.configuration(document)))
    assert len(found) == len(notes)
    assert all(line.startswith(name) for line, name in zip(found, notes, strict=True))
    assert all(f"not with {keyboard}" in line for line in found)
