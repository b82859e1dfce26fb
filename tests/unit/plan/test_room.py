"""Each volume must hold its share of the payload, with room for the first upgrade."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from installer.errors import MachineUnfit
from installer.payload import PayloadIndex
from ks_schema import Problem
from tests.engine import GIB, kickstart, payload, plan_for, small_machine

ON = small_machine("/dev/vda", 64 * GIB)
MIB = 1 << 20


def custom(parts: dict[str, tuple[str, str]], kind: str = "ext4") -> dict[str, Any]:
    """A custom layout: the size and the place of each part, and a root that has the rest."""
    partitions = {"esp": {"disk": "default", "size": "512 MiB", "type": "esp"}}
    partitions |= {name: {"disk": "default", "size": size} for name, (size, _) in parts.items()}
    filesystems = {name: {"kind": kind, "mount": place} for name, (_, place) in parts.items()}
    if "root" not in parts:
        partitions["root"] = {"disk": "default"}
        filesystems["root"] = {"kind": kind, "mount": "/"}
    return {"layout": "custom", "partitions": partitions, "filesystems": filesystems}


def refusals(
    storage: dict[str, Any], package_set: str = "full", index: PayloadIndex | None = None
) -> list[Problem]:
    packages = {"set": package_set, "kernel": "generic"}
    try:
        plan_for(kickstart(storage=storage, packages=packages), ON, index)
    except MachineUnfit as error:
        return list(error.problems)
    return []


@pytest.mark.parametrize(
    ("place", "size"),
    [
        ("/usr", "300 MiB"),
        ("/usr", "1.4 GiB"),
        ("/usr/lib", "450 MiB"),
        ("/usr/share", "140 MiB"),
        ("/usr/bin", "350 MiB"),
        ("/usr/lib/modules", "96 MiB"),
        ("/usr/libexec/docker/cli-plugins", "100 MiB"),
        ("/var", "64 MiB"),
        ("/var/lib", "20 MiB"),
        ("/var/lib/dpkg/info", "16 MiB"),
        ("/var/cache/apt", "64 MiB"),
    ],
)
def test_a_volume_that_is_too_small_for_its_share(place: str, size: str) -> None:
    (problem,) = refusals(custom({"part": (size, place)}))
    assert problem.pointer == "/storage/filesystems/part"
    assert f"too little for {place} of full-generic and its first upgrade" in problem.message
    assert problem.hint.startswith("give it at least ")


@pytest.mark.parametrize(
    ("place", "size"),
    [
        ("/usr", "2 GiB"),
        ("/usr/lib", "1 GiB"),
        ("/usr/share", "256 MiB"),
        ("/var", "256 MiB"),
        ("/var/lib", "64 MiB"),
        ("/var/cache/apt", "192 MiB"),
        ("/opt", "4 MiB"),
        ("/home", "4 MiB"),
        ("/srv/data", "4 MiB"),
    ],
)
def test_a_volume_with_room_for_its_share(place: str, size: str) -> None:
    assert refusals(custom({"part": (size, place)})) == []


def test_a_set_that_is_smaller_needs_less() -> None:
    storage = custom({"part": ("1 GiB", "/usr")})
    assert refusals(storage, "minimal") == []
    assert [each.pointer for each in refusals(storage)] == ["/storage/filesystems/part"]


def test_what_is_on_other_volumes_the_root_need_not_hold() -> None:
    apart = {"root": ("256 MiB", "/"), "usr": ("3 GiB", "/usr"), "var": ("1 GiB", "/var")}
    tight = custom(apart)
    tight["partitions"]["spare"] = {"disk": "default"}
    assert refusals(tight, "minimal") == []
    del tight["filesystems"]["usr"]
    (problem,) = refusals(tight, "minimal")
    assert (problem.pointer, "for the root" in problem.message) == ("/storage", True)


def test_the_share_of_a_place_is_without_that_of_places_below_it() -> None:
    parts = {
        "usr": ("900 MiB", "/usr"),
        "lib": ("1 GiB", "/usr/lib"),
        "share": ("256 MiB", "/usr/share"),
        "doc": ("64 MiB", "/usr/share/doc"),
    }
    assert refusals(custom(parts)) == []
    del parts["lib"]
    assert [each.pointer for each in refusals(custom(parts))] == ["/storage/filesystems/usr"]


def test_subvolumes_of_one_filesystem_need_room_for_all_of_them() -> None:
    storage = custom({"root": ("512 MiB", "/")}, "btrfs")
    storage["partitions"]["many"] = {"disk": "default", "size": "1 GiB"}
    subvolumes = {"usr": {"mount": "/usr"}, "var": {"mount": "/var"}}
    storage["filesystems"]["many"] = {"kind": "btrfs", "subvolumes": subvolumes}
    assert refusals(storage, "minimal") == []
    (problem,) = refusals(storage)
    assert "too little for /usr and /var of full-generic" in problem.message


def test_a_bind_is_a_place_as_a_mount_is() -> None:
    storage = custom({"data": ("96 MiB", "/data")})
    storage["filesystems"]["data"]["binds"] = {"apt": "/var/cache/apt"}
    (problem,) = refusals(storage)
    assert problem.pointer == "/storage/filesystems/data"


def test_a_logical_volume_is_named_as_the_kickstart_names_it() -> None:
    storage = {
        "layout": "custom",
        "partitions": {
            "esp": {"disk": "default", "size": "512 MiB", "type": "esp"},
            "boot": {"disk": "default", "size": "768 MiB"},
            "pv": {"disk": "default"},
        },
        "volume_groups": {
            "vg": {
                "members": ["pv"],
                "volumes": {"usr": {"size": "300 MiB"}, "root": {"size": "20 GiB"}},
            }
        },
        "filesystems": {
            "boot": {"kind": "ext4", "mount": "/boot"},
            "vg/usr": {"kind": "ext4", "mount": "/usr"},
            "vg/root": {"kind": "ext4", "mount": "/"},
        },
    }
    (problem,) = refusals(storage)
    assert problem.pointer == "/storage/filesystems/vg~1usr"
    assert "vg/usr has 300 MiB" in problem.message


def test_the_swap_file_needs_room_where_it_is() -> None:
    storage = custom({"root": ("2 GiB", "/"), "usr": ("3 GiB", "/usr")})
    storage["partitions"]["spare"] = {"disk": "default"}
    assert refusals(storage) == []
    guided = {"swap": {"kind": "file", "size": "62 GiB"}}
    assert [each.pointer for each in refusals(guided)] == ["/storage"]


@pytest.mark.parametrize("place", ["/var/run", "/var/lock", "/var/spool/mail", "/lib/modules"])
def test_nothing_is_mounted_where_the_tree_has_a_link(place: str) -> None:
    (problem,) = refusals(custom({"part": ("1 GiB", place)}))
    assert problem.pointer == "/storage/filesystems/part"
    assert f"{place} is a link to " in problem.message


def test_of_a_tree_whose_parts_are_not_known_the_root_holds_all() -> None:
    trees = (
        replace(each, contents=replace(each.contents, directories={})) for each in payload().trees
    )
    index = replace(payload(), trees=tuple(trees))
    assert refusals(custom({"part": ("300 MiB", "/usr")}), index=index) == []
    small = custom({"root": ("1 GiB", "/"), "usr": ("3 GiB", "/usr")})
    small["partitions"]["spare"] = {"disk": "default"}
    assert [each.pointer for each in refusals(small, index=index)] == ["/storage"]
