"""The editor within the walk: what other screens say of its layout, and it of theirs."""

from __future__ import annotations

from tests.screens.conftest import Walk
from tests.screens.test_editor import editing, row
from tests.screens.test_steps import with_password


def test_a_boot_mode_chosen_later_is_told_where_it_is_mended(walk: Walk) -> None:
    walker = editing(walk("empty-virtio")).keys("f10").go("boot")
    walker.field("(*) This machine").keys("down", "down", "down", " ")
    with_password(walker).go("review")
    text = " ".join(walker.screen.split())
    assert "! Storage: no place for the boot loader" in text
    assert "( Install )" in walker.screen
    walker.keys(*["esc"] * 6)
    assert walker.id == "storage"
    assert "( Next )" in walker.screen
    walker.field("< Edit partitions... >").keys("enter")
    assert "< f: add a BIOS boot partition >" in walker.screen
    walker.keys("f", "f10").go("review")
    assert "Data that will be lost:" in walker.screen


def test_what_was_wrong_before_does_not_keep_an_edit_from_being_made(walk: Walk) -> None:
    walker = editing(walk("4kn-nvme")).keys("f10").go("boot")
    walker.field("(*) This machine").keys("down", "down", "down", " ").keys("esc")
    walker.field("< Edit").keys("enter")
    assert "BIOS starts only from 512" in " ".join(walker.screen.split())
    row(walker, "root").keys("e").fill("Size", "40 GiB").keys("f10")
    assert walker.id == "partitions"
    assert "40 GiB" in walker.screen
    walker.keys("f", "f10")
    assert walker.id == "storage"
    walker.keys("f10", "f10")
    assert walker.id == "boot"
    assert "BIOS starts only from 512" in " ".join(walker.screen.split())


def test_disks_that_are_only_erased_are_named_before_it(walk: Walk) -> None:
    walker = editing(walk("two-empty-virtio"))
    row(walker, "vdb").keys("w", "f10")
    with_password(walker).go("review")
    assert "! This disk will be erased and left empty: vdb" in walker.screen
    walker.keys("enter")
    assert "Everything on these 2 disks will be lost" in walker.screen


def test_a_mirror_by_hand_says_what_does_not_survive(walk: Walk) -> None:
    """The host would not start from the disk that has no ESP."""
    walker = editing(walk("two-empty-virtio"))
    editor = walker.app.walk.editor
    assert editor is not None
    names = list(editor._disks)
    both = {f"half-{number}": {"disk": disk} for number, disk in enumerate(names)}
    editor._take(
        {
            "layout": "custom",
            "partitions": {"esp": {"disk": names[0], "size": "512 MiB", "type": "esp"}, **both},
            "arrays": {"mirror": {"level": 1, "members": list(both)}},
            "filesystems": {
                "esp": {"kind": "vfat", "mount": "/boot/efi"},
                "mirror": {"kind": "ext4", "mount": "/"},
            },
        }
    )
    walker.settle()
    walker.app.show()
    told = " ".join(walker.screen.split())
    assert "! no ESP on /dev/vdb: the host does not start when the other disks are gone" in told
    walker.keys("f10")
    with_password(walker).go("review")
    assert "! no ESP on /dev/vdb" in walker.screen
