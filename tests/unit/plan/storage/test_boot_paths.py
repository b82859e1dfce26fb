"""What is mounted where boot loaders are kept is what the host starts from, or it is refused."""

from dataclasses import replace
from typing import Any

import pytest

from installer.errors import MachineUnfit
from installer.machine.facts import Disk, Firmware, FirmwareMode, Machine, Partition
from installer.plan.confirmation import confirmation, is_confirmed
from installer.plan.layouts import layout
from installer.plan.storage.unused import ArrayParts, unused_notes
from tests.engine import GIB, kickstart, plan_for
from tests.unit.plan.storage.test_edges import ESP, ROOT, custom, planned, there, two_disks
from tests.unit.plan.storage.worlds import document

ESP_TYPE = "c12a7328-f81f-11d2-ba4b-00a0c93ec93b"
OTHER = there(1, filesystem="vfat", type_guid=ESP_TYPE, uuid="AAAA-BBBB")
KEPT: dict[str, Any] = {
    "tables": {"d1": {"keep": True}},
    "partitions": {"other": {"disk": "d1", "existing": 1}},
}
FORMATTED = {"kind": "vfat"}


def refusal(mode: str = "efi", partition: Partition = OTHER, **more: Any) -> str:
    on = two_disks(partition)
    storage = custom(**more)
    assert layout(document(on, storage, mode), on).problems, "the editor refuses it too"
    with pytest.raises(MachineUnfit) as caught:
        planned(storage, on, mode)
    return str(caught.value)


def with_other(mount: str, **more: Any) -> dict[str, Any]:
    return {**KEPT, "filesystems": {"other": {"format": False, "mount": mount, **more}}}


@pytest.mark.parametrize("mount", ["/boot/efi", "/efi"])
@pytest.mark.parametrize("mode", ["efi", "bios", "dual"])
def test_the_esp_of_another_system_is_not_mounted_where_this_one_is_looked_for(
    mount: str, mode: str
) -> None:
    more = with_other(mount)
    if mode != "efi":
        bios = {"disk": "d0", "size": "1 MiB", "type": "bios_boot"}
        more["partitions"] = {**more["partitions"], "bios": bios}
    text = refusal(mode, **more)
    assert f"what is mounted at {mount} is not the ESP that the boot loader goes to" in text
    assert "/srv/esp" in text


@pytest.mark.parametrize("mount", ["/srv/esp", "/mnt/windows"])
def test_elsewhere_it_may_be_mounted(mount: str) -> None:
    plan = planned(custom(**with_other(mount)), two_disks(OTHER))
    mounted = plan.storage.filesystem_at("/boot/efi")
    assert mounted is not None
    assert mounted.volume == "partition/esp"


def test_neither_what_is_formatted_anew_nor_what_is_no_esp_is_taken_for_it() -> None:
    formatted: dict[str, Any] = {
        **KEPT,
        "filesystems": {"other": {**FORMATTED, "mount": "/boot/efi"}},
    }
    assert "not the ESP" in refusal(**formatted)
    plain = {"plain": {"disk": "d0", "size": "1 GiB", "type": "linux"}}
    more: dict[str, Any] = {
        "partitions": plain,
        "filesystems": {"plain": {**ROOT, "mount": "/boot/efi"}},
    }
    assert "not the ESP" in refusal(**more)


@pytest.mark.parametrize("mount", ["/boot/grub", "/boot/efi/EFI", "/boot/loader"])
def test_nothing_else_is_mounted_below_boot(mount: str) -> None:
    more: dict[str, Any] = {
        "partitions": {"more": {"disk": "d0", "size": "1 GiB"}},
        "filesystems": {"more": {"kind": "ext4", "mount": mount}},
    }
    assert f"something is mounted at {mount}" in refusal(**more)
    subvolumes = {"@": {"mount": "/"}, "@more": {"mount": mount}}
    base = custom()
    base["filesystems"]["root"] = {"kind": "btrfs", "subvolumes": subvolumes}
    with pytest.raises(MachineUnfit, match=f"something is mounted at {mount}"):
        planned(base, two_disks())


def test_no_directory_is_bound_over_boot() -> None:
    for place, text in (("/boot", "something is mounted"), ("/boot/efi", "not the ESP")):
        more: dict[str, Any] = {
            "partitions": {"more": {"disk": "d0", "size": "1 GiB"}},
            "filesystems": {"more": {"kind": "ext4", "mount": "/data", "binds": {"x": place}}},
        }
        assert text in refusal(**more)


def mirrored(*esps: str, boot: bool = True) -> dict[str, Any]:
    """A root mirrored by hand, with an ESP on these disks."""
    parts: dict[str, Any] = {f"esp-{disk}": {**ESP, "disk": disk} for disk in esps}
    arrays = {"root": {"level": 1, "members": ["root-0", "root-1"]}}
    parts |= {f"root-{number}": {"disk": f"d{number}"} for number in (0, 1)}
    filesystems: dict[str, Any] = {"root": ROOT}
    if not boot:
        parts["boot"] = {"disk": "d0", "size": "1 GiB"}
        filesystems["boot"] = {"kind": "ext4", "mount": "/boot"}
    return {
        "layout": "custom", "partitions": parts, "arrays": arrays, "filesystems": filesystems,
    }  # fmt: skip


def test_a_mirror_by_hand_with_one_esp_is_warned_of() -> None:
    (line,) = planned(mirrored("d0"), two_disks()).warnings
    assert line.startswith("no ESP on /dev/sdb: the host does not start when the other disks are")
    plan = planned(mirrored("d0", "d1"), two_disks())
    assert plan.warnings == ()
    assert "Warnings:" not in plan.describe()
    text = planned(mirrored("d0"), two_disks()).describe()
    assert f"Warnings:\n  ! {line}" in text


def test_a_mirror_by_hand_with_one_place_for_the_bios_is_warned_of() -> None:
    storage = mirrored()
    bios = {"size": "1 MiB", "type": "bios_boot"}
    storage["partitions"]["bios-0"] = {**bios, "disk": "d0"}
    on = replace(two_disks(), firmware=Firmware(mode=FirmwareMode.BIOS))
    (line,) = planned(storage, on, "bios").warnings
    assert line.startswith("no place for the boot loader on /dev/sdb")
    storage["partitions"]["bios-1"] = {**bios, "disk": "d1"}
    assert planned(storage, on, "bios").warnings == ()


def test_a_boot_volume_outside_the_mirror_is_warned_of() -> None:
    (line,) = planned(mirrored("d0", "d1", boot=False), two_disks()).warnings
    assert line.startswith("/boot is on /dev/sda alone")


def test_a_host_without_arrays_has_nothing_to_be_warned_of() -> None:
    assert planned(custom(), two_disks()).warnings == ()


def unequal() -> Machine:
    on = two_disks()
    return replace(on, disks=(on.disks[0], Disk(path="/dev/sdb", size=100 * GIB)))


def test_what_a_mirror_leaves_unused_is_told_guided_or_by_hand() -> None:
    disks = {"default": {"device": "/dev/sda"}, "b": {"device": "/dev/sdb"}}
    guided = plan_for(kickstart(disks=disks, storage={"mirror": ["b"]}), unequal())
    for plan in (guided, planned(mirrored("d0", "d1"), unequal())):
        assert any(
            line.startswith("100 GiB of /dev/sda stay unused: an array takes as much")
            for line in plan.defaults
        ), plan.defaults
    like = replace(unequal(), disks=(unequal().disks[1], Disk(path="/dev/sda", size=100 * GIB)))
    plan = plan_for(kickstart(disks=disks, storage={"mirror": ["b"]}), like)
    assert not any("unused" in line for line in plan.defaults)


def test_both_renderers_and_the_planner_have_one_threshold_and_one_wording() -> None:
    sizes = (("/dev/sda", 3 * GIB), ("/dev/sdb", 2 * GIB), ("/dev/sdc", 2 * GIB + 1))
    assert unused_notes([ArrayParts(members=sizes)]) == (
        "1 GiB of /dev/sda stay unused: an array takes as much of each disk as of the smallest",
    )
    assert unused_notes([ArrayParts(members=(("/dev/sda", 3 * GIB - 1), *sizes[1:]))]) == ()
    # A part of one disk for each of two arrays; a spare, of which the members are the measure.
    parts = [ArrayParts(members=sizes[:2]), ArrayParts(members=sizes[1:], spares=sizes[:1])]
    assert [each.split(" stay")[0] for each in unused_notes(parts)] == ["2 GiB of /dev/sda"]
    assert unused_notes([ArrayParts(members=())]) == ()


def test_every_disk_is_named_before_it_is_written_to() -> None:
    disks = tuple(Disk(path=f"/dev/sd{letter}", size=1) for letter in "abcdef")
    assert confirmation(disks[:1]) == "sda"
    assert confirmation(disks[:2]) == "sda sdb"
    assert confirmation(disks) == "6 disks"
    for typed in ("sda sdb", " sdb,  sda \n"):
        assert is_confirmed(typed, disks[:2])
    for typed in ("sda", "sdb", "", "sda sdb sdc", "sda sda"):
        assert not is_confirmed(typed, disks[:2])
    assert is_confirmed("6 disks", disks)
