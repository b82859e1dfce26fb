"""The partition editor: opened from a guided layout, edited by keys, left or given up."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from ks_schema import Document
from tests.screens.conftest import Walk
from tests.screens.test_review import assert_same_plan, save
from tests.screens.test_steps import with_password
from tests.screens.walker import SEED, Walker


def editing(walker: Walker, layout: str = "Use the entire disk") -> Walker:
    """Open the editor from a guided layout."""
    walker.go("disk")
    if not walker.app.walk.draft.disk:
        walker.keys(" ")
    walker.go("storage").field("(*) Use the entire disk")
    if layout != "Use the entire disk":
        walker.keys("down", " ")
    walker.field("< Edit partitions... >").keys("enter")
    assert walker.id == "partitions", walker.screen
    return walker


def row(walker: Walker, text: str) -> Walker:
    """Go to the row of the table that has that text, and open it."""
    walker.keys(*["up"] * 40)
    for _ in range(40):
        name = re.sub(r"^> +([A-Za-z.#] +)?", "", walker.focus)
        if f"{name} ".startswith(f"{text} "):
            return walker.keys("enter")
        walker.keys("down")
    raise AssertionError(f"no row {text}:\n{walker.screen}")


def storage(walker: Walker) -> dict[str, object]:
    said = walker.app.walk.draft.document()["storage"]
    assert isinstance(said, dict)
    return said


def test_it_begins_with_the_guided_layout_and_changes_nothing(walk: Walk) -> None:
    walker = editing(walk())
    assert walker.lines[0].startswith(" Photon installer  [partitions]  3/9  Partitions")
    for text in ("sda", "new GPT", "new |A", "root", "btrfs", "( Undo )", "( Redo )", "( Reset )"):
        assert text in walker.screen
    walker.keys("f10")
    assert walker.id == "storage"
    assert "(*) Manual partitioning" in walker.screen
    assert storage(walker)["layout"] == "custom"
    with_password(walker).go("review")
    by_hand = walker.app.walk.plan
    walker.app.session.release()
    guided = walk("virtualbox").go("disk")
    with_password(guided).go("review")
    assert guided.app.walk.plan is not None
    assert by_hand is not None
    assert by_hand.storage == guided.app.walk.plan.storage


def test_what_is_edited_can_be_taken_back_and_done_again(walk: Walk) -> None:
    walker = editing(walk())
    before = storage(walker)
    row(walker, "root").keys("e").fill("Size", "5 GiB").keys("f10")
    assert "free space" in walker.screen
    after = storage(walker)
    assert after != before
    for keys, expected in (
        (("u",), before), (("r",), after), (("ctrl z",), before), (("ctrl y",), after),
        (("x",), before), (("u",), after),
    ):  # fmt: skip
        walker.keys(*keys)
        assert storage(walker) == expected, keys


def test_buttons_do_what_the_keys_do(walk: Walk) -> None:
    walker = editing(walk())
    before = storage(walker)
    row(walker, "root").field("< d: Remove it").keys(" ")
    assert storage(walker) != before
    walker.field("< Undo >").keys("enter")
    assert storage(walker) == before
    walker.field("< Redo >").keys(" ").field("< Reset >").keys(" ")
    assert storage(walker) == before


def test_a_partition_is_made_in_free_space(walk: Walk) -> None:
    walker = editing(walk("windows-dual-boot"), "Use free space")
    row(walker, "root").keys("e").fill("Size", "30 GiB").keys("f10")
    row(walker, "free space").keys("c")
    assert walker.id == "edit"
    walker.fill("Size", "100 TiB").keys("tab")
    text = " ".join(walker.screen.split())
    assert "is too small" in text
    assert "( Apply )" in text
    walker.keys("f10")
    assert walker.id == "edit"
    walker.fill("Size", "10 GiB").field("(*) Nothing").keys("down", " ")
    walker.fill("Mount point", "/").keys("tab")
    assert "is mounted at / as well" in " ".join(walker.screen.split())
    walker.fill("Mount point", "/srv").keys("f10")
    assert walker.id == "partitions"
    assert "C   data" in walker.screen
    assert storage(walker)["filesystems"] == {
        "root": {"kind": "btrfs", "mount": "/"}, "data": {"kind": "ext4", "mount": "/srv"}
    }  # fmt: skip


def test_a_partition_is_shrunk_no_further_than_it_can_be(walk: Walk) -> None:
    walker = editing(walk("windows-dual-boot"), "Use free space")
    row(walker, "nvme0n1p5").keys("s")
    assert "Minimum: 29 GiB" in walker.screen
    walker.fill("Size", "10 GiB").keys("tab")
    assert "the least that its ext4 needs is 29 GiB" in " ".join(walker.screen.split())
    walker.fill("Size", "40 GiB").keys("f10")
    assert "shrunk" in walker.screen
    walker.keys("f10")
    with_password(walker).go("review")
    assert "Partitions on this disk are changed" in walker.screen
    assert "- nothing" in walker.screen
    walker.keys("enter")
    assert "Change and install" in walker.screen


def test_an_existing_partition_is_deleted_and_brought_back(walk: Walk) -> None:
    walker = editing(walk("windows-dual-boot"), "Use free space")
    before = storage(walker)
    row(walker, "nvme0n1p5").keys("d")
    assert "deleted" in walker.screen
    assert storage(walker)["tables"] == {"default": {"keep": True, "delete": [5]}}
    row(walker, "nvme0n1p5").keys("d")
    assert storage(walker) == before


def test_what_keeps_the_host_from_starting_is_mended_with_one_key(walk: Walk) -> None:
    walker = editing(walk("empty-virtio"))
    row(walker, "esp").keys("d")
    assert "! no new EFI system partition" in walker.screen
    assert "< f: add an ESP >" in walker.screen
    assert "( Done )" in walker.screen
    walker.keys("f10")
    assert walker.id == "partitions"
    walker.keys("f")
    assert "no new ESP" not in walker.screen
    row(walker, "root").keys("p")
    walker.fill("Passphrase", "correct horse").keys("enter").type("correct horse").keys("f10")
    assert "is encrypted: the boot loader could not read" in " ".join(walker.screen.split())
    assert "< f: add a /boot partition >" in walker.screen
    walker.keys("f")
    assert "! " not in walker.screen
    assert "/boot " in walker.screen
    walker.keys("f10")
    assert walker.id == "storage"


def test_a_disk_for_bios_gets_its_boot_partition(walk: Walk) -> None:
    walker = editing(walk("3tib-bios"))
    row(walker, "bios-boot").keys("d")
    assert "< f: add a BIOS boot partition >" in walker.screen
    walker.keys("f", "f10")
    assert walker.id == "storage"


def test_leaving_with_problems_gives_the_edits_up(walk: Walk) -> None:
    walker = editing(walk("empty-virtio"))
    row(walker, "esp").keys("d", "esc")
    assert "Back to a guided layout?" in walker.screen
    walker.keys("enter")
    assert walker.id == "partitions"
    walker.keys("esc", "tab", "enter")
    assert walker.id == "storage"
    assert "(*) Use the entire disk" in walker.screen
    assert walker.app.walk.draft.custom is None


def test_more_than_one_thing_is_taken_away_after_a_question(walk: Walk) -> None:
    walker = editing(walk("two-empty-virtio"))
    row(walker, "root").keys("m").field("(*) btrfs").keys("up", "up", "up", " ", "f10")
    row(walker, "root").keys("v", "f10")
    assert storage(walker)["volume_groups"] == {"vg": {"members": ["root"]}}
    row(walker, "vg").keys("c").fill("Size", "2 GiB").field("(*) Nothing")
    walker.keys("down", " ").fill("Mount point", "/").keys("f10")
    before = storage(walker)
    row(walker, "root").keys("d")
    assert "Remove these too?" in walker.screen
    assert "vg/root" in walker.screen
    walker.keys("enter")
    assert storage(walker) == before
    walker.keys("d", "tab", "enter")
    assert "volume_groups" not in storage(walker)


def by_hand(walker: Walker) -> Walker:
    """Two disks, each with an ESP and a /boot; RAID 1, LUKS2 and LVM on the rest, all by keys."""
    editing(walker)
    row(walker, "root").keys("d")
    for disk in ("vda", "vdb"):
        if disk == "vdb":
            row(walker, disk).keys("c").fill("Name", "esp-2").fill("Size", "512 MiB")
            walker.field("(*) Automatic").keys("down", " ", "f10")
        row(walker, disk).keys("c").fill("Name", f"boot-{disk}").fill("Size", "768 MiB")
        walker.keys("f10")
        row(walker, disk).keys("c").fill("Name", f"pv-{disk}").keys("f10")
    for name in ("boot", "pv"):
        row(walker, f"{name}-vda").keys("a").fill("Name", name)
        walker.field(f"[ ] Member {name}-vdb").keys(" ", "f10")
    row(walker, "boot RAID 1").keys("m").field("(*) Nothing").keys("down", " ")
    walker.fill("Mount point", "/boot").keys("f10")
    row(walker, "pv RAID 1").keys("p").fill("Passphrase", "correct horse").keys("enter")
    walker.type("correct horse").keys("f10")
    row(walker, "luks-pv on pv").keys("v").fill("Name", "vg0").keys("f10")
    for name, size, kind, mount in (("root", "8 GiB", 3, "/"), ("home", "rest", 1, "/home")):
        row(walker, "vg0").keys("c").fill("Name", name).fill("Size", size)
        walker.field("(*) Nothing").keys(*["down"] * kind, " ")
        walker.fill("Mount point", mount).keys("f10")
    row(walker, "root").keys("s").fill("Name", "@srv").fill("Mount point", "/srv").keys("f10")
    return walker


def test_arrays_encryption_and_volumes_by_keys_alone(walk: Walk, tmp_path: Path) -> None:
    walker = by_hand(walk("two-empty-virtio"))
    assert "! " not in walker.screen, walker.screen
    assert "correct horse" not in repr(walker.app.walk.draft)
    walker.keys("f10")
    with_password(walker).go("review")
    assert walker.screen.count("! This disk will be erased") == 2
    path = tmp_path / "saved.json"
    save(walker, path)
    text = path.read_text("utf-8")
    assert "correct horse" not in text
    saved = json.loads(text)
    assert saved["storage"]["encrypted"]["luks-pv"]["encryption"] == {
        "passphrase": {"ask": True},
        "recovery_key": False,
    }
    saved["storage"]["encrypted"]["luks-pv"]["encryption"]["passphrase"] = {
        "plain": "correct horse"
    }
    machine = walker.app.walk.machine
    assert machine is not None
    assert walker.engine.plan(Document(data=saved).data, machine, SEED) == walker.app.walk.plan
    assert list(saved["storage"]["volume_groups"]["vg0"]["volumes"]) == ["root", "home"]
    assert saved["storage"]["arrays"]["pv"] == {"level": 1, "members": ["pv-vda", "pv-vdb"]}


@pytest.mark.parametrize("name", ["virtualbox", "windows-dual-boot", "two-empty-nvme"])
def test_a_saved_edit_gives_the_same_plan(walk: Walk, tmp_path: Path, name: str) -> None:
    walker = editing(walk(name))
    row(walker, "root").keys("e").fill("Size", "12 GiB").keys("f10", "f10")
    with_password(walker).go("review")
    path = tmp_path / "saved.json"
    save(walker, path)
    assert_same_plan(walker, path)


def test_a_passphrase_that_is_short_or_different_is_refused(walk: Walk) -> None:
    walker = editing(walk())
    row(walker, "root").keys("p").fill("Passphrase", "short").keys("tab")
    assert "! The passphrase is too short - at least 8 characters" in walker.screen
    walker.fill("Passphrase", "long enough").keys("enter").type("long enuff").keys("tab")
    assert "! The two passphrases differ" in walker.screen
    walker.keys("f10")
    assert walker.id == "edit"


def test_a_passphrase_that_is_not_typed_yet_is_asked_for(walk: Walk) -> None:
    walker = walk().go("storage").field("[ ] Encryption").keys(" ").field("< Edit").keys("enter")
    if walker.id != "partitions":
        walker.keys("enter").fill("Passphrase", "correct horse").keys("enter")
        walker.type("correct horse").field("< Edit").keys("enter")
    history = walker.app.walk.draft.custom
    assert history is not None
    assert "! " not in walker.screen


def test_another_disk_begins_anew_and_the_first_keeps_its_edits(walk: Walk) -> None:
    walker = editing(walk("two-empty-virtio"))
    row(walker, "root").keys("e").fill("Size", "5 GiB").keys("f10", "f10")
    edited = storage(walker)
    walker.keys("esc").field("(*) vda").keys("down", " ", "f10")
    assert "(*) Use the entire disk" in walker.screen
    walker.keys("esc").field("(*) vdb").keys("up", " ", "f10")
    walker.field("(*) Use the entire disk").keys("down", "down", " ")
    assert storage(walker) == edited


def test_another_guided_layout_begins_anew_and_undo_leads_back(walk: Walk) -> None:
    walker = editing(walk("empty-virtio"))
    row(walker, "root").keys("e").fill("Size", "5 GiB").keys("f10", "f10")
    edited = storage(walker)
    walker.field("(*) Manual partitioning").keys("up", "up", " ").field("< Edit").keys("enter")
    assert storage(walker) == edited
    walker.keys("f10").field("(*) Manual partitioning").keys("up", "up", " ")
    walker.field("[ ] LVM").keys(" ")
    walker.field("< Edit").keys("enter")
    begun = storage(walker)
    assert "volume_groups" in begun
    row(walker, "photon").keys("d", "tab", "enter", "x")
    assert storage(walker) == begun
    walker.keys("u", "u", "u")
    assert storage(walker) == edited


def test_the_help_has_the_keys_of_the_editor(walk: Walk) -> None:
    walker = editing(walk()).keys("f1")
    assert "undo the last edit" in walker.screen
    walker.keys("esc")
    assert walker.id == "partitions"


def test_a_row_that_cannot_do_something_says_why(walk: Walk) -> None:
    walker = editing(walk())
    row(walker, "root")
    assert "( a: New array with it )" in walker.screen
    assert "! not now: it has a filesystem; set it to None" in walker.screen
    walker.keys("a")
    assert walker.id == "actions"
    walker.keys("esc")
    row(walker, "sda")
    assert "( k: Keep its table and partitions )" in walker.screen


def test_nothing_is_put_on_the_boot_loaders_partitions(walk: Walk) -> None:
    walker = editing(walk("two-empty-virtio"))
    row(walker, "esp")
    assert walker.screen.count("! not now: it is the boot loader's") == 3
    walker.keys("esc")
    row(walker, "vdb").keys("c", "f10")
    row(walker, "data").keys("a")
    assert "Member data on vdb" in walker.screen
    assert "esp" not in walker.screen


def test_only_what_can_be_kept_is_offered_to_be_kept(walk: Walk) -> None:
    walker = editing(walk("two-sata-md-lvm-luks"))
    row(walker, "sda").keys("k")
    row(walker, "sda2").keys("m")
    assert "Keep the" not in walker.screen
    walker.keys("esc", "esc")
    row(walker, "sda1").keys("m")
    assert "(*) Keep the vfat - and its content" in walker.screen


def test_unused_disks_are_left_alone_or_erased(walk: Walk) -> None:
    walker = editing(walk("two-empty-virtio"))
    assert "as is" in walker.screen
    row(walker, "vdb").keys("w")
    assert storage(walker)["wipe"] == ["disk-2"]
    assert set(walker.app.walk.draft.document()["disks"]) == {"default", "disk-2"}
    row(walker, "vdb").keys("l")
    assert "wipe" not in storage(walker)
    assert set(walker.app.walk.draft.document()["disks"]) == {"default"}


def test_every_page_fits_the_smallest_terminal(walk: Walk) -> None:
    walker = by_hand(walk("two-empty-virtio"))
    for line in walker.lines:
        assert len(line) == 80
    assert walker.lines[-1].startswith(" Enter Open  u Undo")
    assert "< Quit >" in walker.screen


def test_what_takes_a_partition_says_that_its_content_is_lost(walk: Walk) -> None:
    walker = editing(walk("windows-dual-boot"))
    row(walker, "root")
    assert "< p: Encrypt it >" in walker.screen
    row(walker.keys("esc"), "nvme0n1 ").keys("k")
    row(walker, "nvme0n1p5")
    for label in ("Encrypt it", "New array with it", "New volume group on it", "Delete it"):
        assert f"{label}: its data is lost >" in walker.screen


def test_without_a_root_it_says_what_to_do_here(walk: Walk) -> None:
    walker = editing(walk())
    row(walker, "root").keys("d")
    text = " ".join(walker.screen.split())
    assert "! nothing is mounted at / - open a row and press m to mount it there" in text
