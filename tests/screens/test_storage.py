"""The guided layouts: what is asked, what it becomes in the kickstart, what is refused."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.screens.conftest import Walk
from tests.screens.test_review import assert_same_plan, save
from tests.screens.test_steps import with_password
from tests.screens.walker import Walker

PASSPHRASE = "correct horse battery"


def at_storage(walker: Walker) -> Walker:
    walker.go("disk")
    if not walker.app.walk.draft.disk:
        walker.keys(" ")
    return walker.go("storage")


def encrypted(walker: Walker) -> Walker:
    walker.field("[ ] Encryption").keys(" ").fill("Passphrase", PASSPHRASE).keys("enter")
    return walker.type(PASSPHRASE).keys("enter")


def said(walker: Walker) -> dict[str, Any]:
    storage = walker.app.walk.draft.document().get("storage", {})
    assert isinstance(storage, dict)
    return storage


def test_free_space_needs_a_partition_table(walk: Walk) -> None:
    walker = at_storage(walk("empty-virtio"))
    assert "! unavailable: the disk has no partition table" in walker.screen
    walker.field("(*) Use the entire disk").keys("down", " ")
    assert walker.app.walk.draft.layout == "whole_disk"


def test_free_space_keeps_what_is_there(walk: Walk) -> None:
    walker = at_storage(walk("windows-dual-boot"))
    walker.field("(*) Use the entire disk").keys("down", " ")
    assert said(walker) == {"layout": "free_space"}
    with_password(walker).go("review")
    text = "! Photon goes into free space; existing partitions on this disk are kept"
    assert text in " ".join(walker.screen.split())
    assert "will be erased" not in walker.screen


def test_a_mirror_is_on_further_disks(walk: Walk) -> None:
    walker = at_storage(walk("two-empty-virtio")).field("[ ] Mirror on vdb").keys(" ")
    assert said(walker) == {"mirror": ["disk-2"]}
    with_password(walker).go("review")
    assert walker.screen.count("! This disk will be erased") == 2
    walker.keys("enter")
    assert "Everything on these 2 disks will be lost" in walker.screen
    assert "Type vda vdb to confirm." in walker.screen
    assert "Erase 2 disks?" in walker.screen
    walker.type("vda").keys("enter")
    assert "! Type vda vdb to continue" in walker.screen
    walker.type(", vdb").keys("enter")
    assert walker.focus.startswith("> < Erase and install >")


def test_a_mirror_needs_another_disk(walk: Walk) -> None:
    walker = at_storage(walk("virtualbox")).field("[-] Mirror").keys(" ")
    assert "! not now: this machine has only one disk" in walker.screen
    assert said(walker) == {}


def test_a_mirrored_disk_is_not_only_erased(walk: Walk) -> None:
    walker = at_storage(walk("two-sata-same-model"))
    assert said(walker) == {"wipe": ["disk-2"]}
    walker.field("[ ] Mirror on sdb").keys(" ")
    assert said(walker) == {"mirror": ["disk-2"]}
    with_password(walker).go("review")
    assert walker.screen.count("! This disk will be erased") == 2


def test_containers_have_a_volume_beside_the_root_or_a_disk(walk: Walk) -> None:
    walker = at_storage(walk("two-empty-virtio"))
    walker.field("(*) On the root filesystem").keys("down", " ")
    assert said(walker) == {"containers": {}}
    walker.fill("Volume size", "40%").field("(*) xfs").keys("down", " ")
    walker.field("[ ] Keep that volume").keys(" ")
    assert said(walker) == {"containers": {"size": "40%", "filesystem": "btrfs", "preserve": True}}
    walker.field("(*) On a separate volume").keys("down", " ").fill("Volume size", "")
    assert said(walker)["containers"]["disk"] == "disk-2"
    assert "! not now: already used for containers" in walker.keys("page up").screen


def test_lvm_xfs_and_zram(walk: Walk, tmp_path: Path) -> None:
    walker = at_storage(walk("empty-virtio")).field("[ ] LVM").keys(" ")
    walker.keys("shift tab").keys("down", "down", "down", "down", " ")
    assert walker.app.walk.draft.swap == "zram"
    walker.keys("shift tab").keys("down", "down", " ")
    assert said(walker) == {"filesystem": "xfs", "swap": {"kind": "zram"}, "lvm": True}
    with_password(walker).go("review")
    path = tmp_path / "saved.json"
    save(walker, path)
    assert_same_plan(walker, path)


def test_two_roots_that_take_turns(walk: Walk, tmp_path: Path) -> None:
    walker = at_storage(walk("empty-virtio")).field("[ ] A/B root").keys(" ")
    walker.field("[ ] Keep host identity").keys(" ")
    assert said(walker) == {"ab": True, "preserve": ["ssh_host_keys", "machine_id"]}
    with_password(walker).go("review")
    path = tmp_path / "saved.json"
    save(walker, path)
    assert_same_plan(walker, path)


def test_two_roots_do_not_go_with_lvm(walk: Walk) -> None:
    walker = at_storage(walk("empty-virtio")).field("[ ] LVM").keys(" ")
    walker.field("[-] A/B root").keys(" ")
    assert "! not now: not available with LVM" in walker.screen
    assert said(walker) == {"lvm": True}


def test_a_passphrase_is_typed_twice_and_long_enough(walk: Walk) -> None:
    walker = at_storage(walk("empty-virtio")).field("[ ] Encryption").keys(" ", "f10")
    assert walker.id == "storage"
    assert "! Enter a passphrase" in walker.screen
    walker.fill("Passphrase", "short").keys("enter").type("short").keys("f10")
    assert "! The passphrase is too short - at least 8 characters" in walker.screen
    walker.fill("Passphrase", PASSPHRASE).keys("tab")
    walker.keys("f10")
    assert "! The two passphrases differ" in walker.screen
    walker.fill("Confirm", PASSPHRASE).keys("f10")
    assert walker.id == "boot"
    assert PASSPHRASE not in repr(walker.app.walk.draft)


def test_what_is_wrong_is_never_below_the_edge(walk: Walk) -> None:
    walker = at_storage(walk("windows-dual-boot")).field("[ ] Encryption").keys(" ", "f10")
    assert walker.focus.startswith("> Passphrase")
    assert "! Enter a passphrase - at least 8" in walker.screen
    assert "more above and below" in walker.screen


def test_a_saved_kickstart_asks_for_the_passphrase(walk: Walk, tmp_path: Path) -> None:
    walker = encrypted(at_storage(walk("empty-virtio")))
    assert said(walker)["encryption"] == {
        "passphrase": {"plain": PASSPHRASE}, "recovery_key": False
    }  # fmt: skip
    with_password(walker).go("review")
    path = tmp_path / "saved.json"
    save(walker, path)
    assert PASSPHRASE not in path.read_text("utf-8")
    assert PASSPHRASE not in walker.screen
    saved = json.loads(path.read_text("utf-8"))
    assert saved["storage"]["encryption"] == {"passphrase": {"ask": True}, "recovery_key": False}


def test_the_tpm_alone_comes_with_a_recovery_key(walk: Walk) -> None:
    walker = at_storage(walk("empty-virtio", firmware={"tpm": "2"})).field("[ ] Encryption")
    walker.keys(" ").field("[ ] Unlock with TPM 2.0").keys(" ")
    assert "[x] Recovery key" in walker.screen
    assert said(walker)["encryption"] == {"tpm2": {}, "recovery_key": True}
    walker.field("[x] Recovery key").keys(" ", "f10")
    assert walker.id == "storage"
    assert "nothing would open it when the TPM refuses" in " ".join(walker.screen.split())


@pytest.mark.parametrize("version", ["", "1"])
def test_a_machine_without_tpm2_says_so(walk: Walk, version: str) -> None:
    walker = at_storage(walk("empty-virtio", firmware={"tpm": version})).field("[ ] Encryption")
    walker.keys(" ").field("[-] Unlock with TPM 2.0").keys(" ")
    assert "! not now: this machine has no TPM 2.0; it may be off" in walker.screen
    assert "tpm2" not in said(walker).get("encryption", {})
    assert "or let the TPM" not in walker.screen


def test_what_the_machine_refuses_is_told_on_this_screen(walk: Walk) -> None:
    walker = at_storage(walk("empty-virtio")).field("(*) On the root filesystem").keys("down", " ")
    walker.fill("Volume size", "9 TiB").keys("f10")
    assert walker.id == "storage"
    assert "is too small" in " ".join(walker.screen.split())


def test_names_of_disks_stay_when_disks_come_and_go(walk: Walk) -> None:
    walker = at_storage(walk("two-empty-virtio")).field("[ ] Mirror on vdb").keys(" ")
    before = walker.app.walk.draft.document()
    machine = walker.engine.machine
    new = replace(machine.disks[0], path="/dev/aaa", serial="NEW", links=())
    walker.engine.machine = replace(machine, disks=(new, *machine.disks))
    walker.keys("esc").field("< Rescan the disks >").keys("enter")
    assert walker.app.walk.draft.document() == before
    assert walker.app.walk.draft.name_of("/dev/aaa") == "disk-3"


def test_disks_that_change_their_paths_stay_the_same(walk: Walk) -> None:
    walker = at_storage(walk("two-empty-virtio")).field("[ ] Mirror on vdb").keys(" ")
    before = walker.app.walk.draft.document()
    machine = walker.engine.machine
    one, other = machine.disks
    swapped = (replace(other, path=one.path), replace(one, path=other.path))
    walker.engine.machine = replace(machine, disks=swapped)
    walker.keys("esc").field("< Rescan the disks >").keys("enter")
    draft = walker.app.walk.draft
    assert (draft.disk, draft.mirror) == (other.path, (one.path,))
    assert draft.document() == before


def test_disks_that_are_gone_are_no_mirror_any_longer(walk: Walk) -> None:
    walker = at_storage(walk("two-empty-virtio")).field("[ ] Mirror on vdb").keys(" ")
    machine = walker.engine.machine
    walker.engine.machine = replace(machine, disks=machine.disks[:1])
    walker.keys("esc").field("< Rescan the disks >").keys("enter")
    assert said(walker) == {}
    new = replace(machine.disks[1], serial="NEW")
    walker.engine.machine = replace(machine, disks=(new,))
    walker.field("< Rescan the disks >").keys("enter")
    draft = walker.app.walk.draft
    assert draft.disk_value == "NEW"
    assert draft.name_of(new.path) == "default"
    assert [(each.name, each.path) for each in draft.disks] == [
        ("disk-3", new.path), ("disk-1", ""), ("disk-2", "")
    ]  # fmt: skip


@pytest.mark.parametrize(
    "line",
    [
        "Use free space",
        "Manual partitioning",
        "A swap file",
        "LVM",
        "Encryption",
        "Mirror on nvme1n1",
        "On a separate volume",
        "All of nvme1n1",
    ],
)
def test_two_roots_and_what_does_not_go_with_them_refuse_each_other(walk: Walk, line: str) -> None:
    walker = at_storage(walk("two-empty-nvme"))
    walker.app.walk.set("ab", "yes")
    walker.app.refresh()
    walker.size = (80, 60)
    there = [each for each in walker.lines if f"-) {line}" in each or f"-] {line}" in each]
    assert there, walker.screen
    below = walker.screen.partition(there[0].rstrip())[2]
    assert "! not now: " in below or "! unavailable: " in below
    before = walker.app.walk.draft
    for _ in range(60):
        walker.keys("down" if line not in walker.focus else " ")
    assert walker.app.walk.draft == before


def test_two_roots_do_not_go_with_systemd_boot(walk: Walk) -> None:
    walker = at_storage(walk("two-empty-nvme"))
    walker.app.walk.set("owner_keys", "made")
    walker.app.walk.set("loader", "systemd_boot")
    walker.app.refresh()
    walker.field("[-] A/B root filesystems").keys(" ")
    assert "! not now: not available with systemd-boot" in walker.screen
    assert not walker.app.walk.draft.ab


def test_the_same_host_is_not_beside_itself(walk: Walk) -> None:
    walker = at_storage(walk("windows-dual-boot")).field("[ ] Keep host identity").keys(" ")
    walker.field("(*) Use the entire disk").keys("down", " ", "f10")
    assert walker.id == "storage"
    assert "! The existing host stays on the disk - turn this off" in walker.screen


def test_a_mirror_is_not_lost_in_free_space(walk: Walk) -> None:
    walker = walk("three-disks").go("disk").keys("down", "down", " ").go("storage")
    walker.field("[ ] Mirror on sda").keys(" ")
    walker.field("(*) Use the entire disk").keys("down", " ", "f10")
    assert walker.id == "storage"
    assert walker.focus.startswith("> [x] Mirror on sda")
    assert "! Mirroring needs the entire disk - turn it off" in walker.screen
    walker.keys(" ", "f10")
    assert walker.id == "boot"


def test_another_disk_may_have_no_free_space(walk: Walk) -> None:
    walker = walk("three-disks").go("disk").keys("down", "down", " ").go("storage")
    walker.field("(*) Use the entire disk").keys("down", " ", "esc")
    walker.field("(*) nvme0n1").keys("up", " ").go("storage").keys("f10")
    assert walker.id == "storage"
    assert "! The disk has no partition table" in walker.screen


def test_two_roots_are_not_edited_by_hand(walk: Walk) -> None:
    walker = at_storage(walk("two-empty-nvme")).field("[ ] A/B root").keys(" ")
    walker.field("< Edit partitions... >").keys("enter")
    assert "! A/B root filesystems cannot be edited" in walker.screen
    walker.keys("esc")
    assert walker.app.walk.draft.ab
    walker.go("boot")
    assert "A/B root filesystems need EFI" in walker.screen


def test_two_roots_need_efi(walk: Walk) -> None:
    walker = at_storage(walk("3tib-bios")).field("[-] A/B root filesystems")
    assert "not available with a disk that starts on BIOS firmware" in walker.screen


def test_disks_of_one_model_are_told_apart_wherever_one_is_chosen(walk: Walk) -> None:
    walker = at_storage(walk("24-disks"))
    walker.size = (80, 120)
    assert "Mirror on sdb  7.3 TiB  ST8000NM0075 - serial ZA1017QK;" in walker.screen
    assert "All of sdb  7.3 TiB  ST8000NM0075 - serial ZA1017QK; erases" in walker.screen
    walker.field("< Edit partitions... >").keys("enter", "enter")
    assert "ST8000NM0075, serial ZA1007QK, sas, rotating" in walker.screen


def test_the_free_space_says_how_much_it_is(walk: Walk) -> None:
    walker = at_storage(walk("windows-dual-boot"))
    assert "( ) Use free space - 56.2 GiB; existing partitions are kept" in walker.screen


def test_a_disk_that_is_full_has_no_free_space(walk: Walk) -> None:
    walker = at_storage(walk("ext4-with-data"))
    assert "(-) Use free space" in walker.screen
    assert "! unavailable: no free space on the disk" in walker.screen


def test_starting_from_the_other_half_keeps_the_mirror(walk: Walk) -> None:
    walker = walk("three-disks").go("disk").keys(" ").go("storage")
    walker.field("[ ] Mirror on sdb").keys(" ", "esc").field("(*) sda").keys("down", " ")
    draft = walker.app.walk.draft
    assert (draft.disk, draft.mirror) == ("/dev/sdb", ("/dev/sda",))
    walker.keys("down", " ")
    assert walker.app.walk.draft.mirror == ("/dev/sda",)


def test_a_mirror_of_too_many_disks(walk: Walk) -> None:
    walker = at_storage(walk("24-disks"))
    for letter in "bcdefghi":
        walker.app.walk.set(f"mirror:/dev/sd{letter}", "yes")
    walker.keys("f10")
    assert walker.id == "storage"
    assert "! A mirror has at most 8 disks - remove 1 of them" in walker.screen
    walker.keys(" ", "f10")
    assert walker.id == "boot"
