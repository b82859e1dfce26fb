"""The table of filesystems: everything that names a filesystem says the same as its row."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from installer.api import check
from installer.config.storage import FilesystemKind, RootFilesystem
from installer.filesystems import (
    ESP_FILESYSTEM,
    FILESYSTEMS,
    MADE,
    FilesystemType,
    filesystem_type,
    titles,
)
from iso_hooks.recipe import load_recipe
from ks_schema import schema
from screens.editor.filesystem_fields import filesystem_items, filesystem_values
from screens.steps import storage
from tests.engine import kickstart

PROJECT = Path(__file__).resolve().parents[2]
GUIDED = tuple(each for each in FILESYSTEMS if each.is_guided_root)
RESIZABLE = tuple(each for each in FILESYSTEMS if each.resizing)
INITRD = PROJECT / "iso_hooks/host/files/usr/lib/dracut/modules.d/90photon-storage/module-setup.sh"
DRACUT = PROJECT / "iso_hooks/host/files/etc/dracut.conf.d/photon.conf"
PAGE = (PROJECT / "docs/storage.md").read_text("utf-8")

by_name = pytest.mark.parametrize("kind", MADE, ids=lambda each: each.name)


def names(types: tuple[FilesystemType, ...]) -> list[str]:
    return [each.name for each in types]


def custom(kind: str, **more: object) -> dict[str, object]:
    """A custom layout with one more filesystem."""
    return kickstart(
        storage={
            "layout": "custom",
            "partitions": {"root": {"disk": "default"}, "more": {"disk": "default"}},
            "filesystems": {
                "root": {"kind": "ext4", "mount": "/"},
                "more": {"kind": kind, **more},
            },
        }
    )


def test_the_language_has_those_that_are_made() -> None:
    definitions = schema()["$defs"]
    assert definitions["filesystem"]["properties"]["kind"]["enum"] == names(MADE)
    assert definitions["storage"]["properties"]["filesystem"]["enum"] == names(GUIDED)
    assert definitions["containers"]["properties"]["filesystem"]["enum"] == names(GUIDED)
    existing = definitions["partition"]["properties"]["existing"]["description"]
    assert titles(RESIZABLE) in existing


def test_the_configuration_has_those_that_are_made() -> None:
    assert [str(each) for each in FilesystemKind] == names(MADE)
    assert [str(each) for each in RootFilesystem] == names(GUIDED)


def test_the_screens_offer_those_that_are_made() -> None:
    (choice,) = filesystem_items(filesystem_values({}))
    assert [each.value for each in choice.options] == ["", *names(MADE)]  # type: ignore[union-attr]
    assert [each.value for each in storage._FILESYSTEMS] == ["", *names(GUIDED)]
    assert {each.label for each in storage._CONTAINER_FILESYSTEMS} == {
        each.title for each in GUIDED
    }
    assert all(each.root_note for each in GUIDED)


def test_the_page_names_them() -> None:
    (row,) = re.findall(r"^\| `filesystems` \| (.*?);", PAGE, re.MULTILINE)
    assert re.findall(r"\w+", row.replace("with `subvolumes`", "").replace(" or ", " ")) == [
        each.title for each in MADE
    ]
    (row,) = re.findall(r'^\| `"filesystem": (.*?) \|', PAGE, re.MULTILINE)
    assert re.findall(r'"(\w+)"', row) == names(GUIDED)
    assert f"resizing anything but {titles(RESIZABLE, 'and')} (" in PAGE


@by_name
def test_the_medium_and_the_host_have_its_tools(kind: FilesystemType) -> None:
    recipe = load_recipe()
    for tree in (recipe.live, *(each for each in recipe.hosts if not each.base)):
        assert not kind.package or kind.package in tree.content.packages, tree.name


def test_the_medium_has_the_tools_for_what_it_resizes() -> None:
    packages = load_recipe().live.content.packages
    assert {each.package for each in (*RESIZABLE, *FILESYSTEMS) if each.tools} <= set(packages)


def test_the_initrd_of_the_host_mounts_every_root() -> None:
    (line,) = re.findall(r"^.*instmods (.*) overlay$", INITRD.read_text("utf-8"), re.MULTILINE)
    assert {each.driver or each.name for each in FILESYSTEMS if each.holds_root} <= set(
        line.split()
    )


def test_the_initrd_of_the_host_checks_what_fstab_wants_checked() -> None:
    (line,) = re.findall(r'^fscks="(.*)"$', DRACUT.read_text("utf-8"), re.MULTILINE)
    assert {f"fsck.{each.name}" for each in FILESYSTEMS if each.fsck} <= set(line.split())


@by_name
def test_what_is_made_is_whole(kind: FilesystemType) -> None:
    made = kind.make_command(uuid="1A2B-3C4D", label="x" * 300)
    assert not any("{" in word for word in made)
    assert made[-1] == "x" * kind.label_length
    assert kind.least_size_on(4096) >= kind.least_size_on(512) > 0
    assert bool(kind.package) or kind.name == "swap"


def test_what_holds_a_host_can_be_looked_at_without_writing() -> None:
    for each in FILESYSTEMS:
        if each.holds_root or each.has_subvolumes:
            assert each.read_only.startswith("ro")
        assert not each.holds_boot or each.holds_root
        assert not each.resizing or each.tools, "how far it shrinks must be known"


def test_nothing_is_possible_with_an_unknown_one() -> None:
    unknown = filesystem_type("zfs_member")
    assert (unknown.holds_root, unknown.holds_boot, unknown.resizing) == (False, False, None)
    with pytest.raises(ValueError, match="zfs_member"):
        unknown.make_command(uuid="", label="")


def test_the_names_are_unique() -> None:
    assert len(set(names(FILESYSTEMS))) == len(FILESYSTEMS)


def test_the_rules_have_the_length_of_a_fat_label() -> None:
    """The labels of others are cut off by mkfs itself; that of a FAT is refused."""
    longest = filesystem_type(ESP_FILESYSTEM).label_length
    assert check(custom("vfat", label="X" * longest)) == ()
    assert [each.pointer for each in check(custom("vfat", label="X" * (longest + 1)))] == [
        "/storage/filesystems/more/label"
    ]


@by_name
def test_the_rules_know_which_have_subvolumes(kind: FilesystemType) -> None:
    found = check(custom(kind.name, subvolumes={"@srv": {}}))
    assert any(each.pointer.endswith("/subvolumes") for each in found) is not kind.has_subvolumes
