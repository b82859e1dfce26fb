"""Each volume must hold its share of the payload, with room for the first upgrade."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from installer.errors import MachineUnfit
from installer.payload.index import PayloadIndex
from ks_schema import Problem
from tests.engine import GIB, kickstart, payload, plan_for, small_machine
from tests.unit.plan.storage.test_edges import custom as with_more
from tests.unit.plan.storage.test_edges import planned, there, two_disks

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
        ("/usr/share", "140 MiB"),
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
        "usr": ("1.5 GiB", "/usr"),
        "share": ("256 MiB", "/usr/share"),
        "doc": ("64 MiB", "/usr/share/doc"),
    }
    assert refusals(custom(parts)) == []
    del parts["share"]
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


def thin(pool: dict[str, str], **volumes: tuple[str, str]) -> dict[str, Any]:
    """A layout with these volumes (size, place) out of a thin pool."""
    made = {
        name: {"kind": "thin", "pool": "pool", "size": size} for name, (size, _) in volumes.items()
    }
    return {
        "layout": "custom",
        "partitions": {
            "esp": {"disk": "default", "size": "512 MiB", "type": "esp"},
            "boot": {"disk": "default", "size": "768 MiB"},
            "pv": {"disk": "default"},
        },
        "volume_groups": {
            "vg": {"members": ["pv"], "volumes": {"pool": {"kind": "thin_pool", **pool}, **made}}
        },
        "filesystems": {
            "boot": {"kind": "ext4", "mount": "/boot"},
            **{
                f"vg/{name}": {"kind": "ext4", "mount": place}
                for name, (_, place) in volumes.items()
            },
        },
    }


def test_a_thin_pool_must_hold_what_is_on_its_volumes_however_large_they_are() -> None:
    volumes = {"root": ("20 GiB", "/"), "usr": ("20 GiB", "/usr"), "srv": ("2 TiB", "/srv")}
    (problem,) = refusals(thin({"size": "1 GiB"}, **volumes))
    assert problem.pointer == "/storage/volume_groups/vg/volumes/pool"
    assert problem.message == (
        "the thin pool vg/pool has 1 GiB, too little for / and /usr of full-generic and its first "
        "upgrade"
    )
    assert problem.hint.startswith("give it at least ")
    assert problem.hint.endswith(", however large its volumes are")
    assert refusals(thin({"size": "4 GiB"}, **volumes)) == []
    assert refusals(thin({}, **volumes)) == []
    apart = thin({"size": "64 MiB"}, srv=("2 TiB", "/srv"))  # nothing of the set is on it
    apart["volume_groups"]["vg"]["volumes"]["root"] = {"size": "20 GiB"}
    apart["filesystems"]["vg/root"] = {"kind": "ext4", "mount": "/"}
    assert refusals(apart) == []


def test_a_thin_volume_must_hold_its_own_share_too() -> None:
    (problem,) = refusals(thin({}, root=("20 GiB", "/"), usr=("300 MiB", "/usr")))
    assert problem.pointer == "/storage/filesystems/vg~1usr"


def test_a_pool_that_takes_the_rest_leaves_a_part_of_it_to_its_metadata() -> None:
    volumes = {"root": ("20 GiB", "/")}
    least = next(
        size
        for size in range(1024, 4096, 16)
        if not refusals(thin({"size": f"{size} MiB"}, **volumes))
    )
    rest = thin({}, **volumes)
    rest["partitions"]["pv"]["size"] = f"{least + 16} MiB"
    (problem,) = refusals(rest)
    assert "the thin pool vg/pool has" in problem.message
    rest["partitions"]["pv"]["size"] = f"{(least + 32) * 100 // 95} MiB"
    assert refusals(rest) == []


def test_what_is_encrypted_on_a_thin_volume_comes_from_the_pool_as_well() -> None:
    storage = thin({"size": "1 GiB"}, root=("20 GiB", "/"))
    del storage["filesystems"]["vg/root"]
    encryption = {"passphrase": {"plain": "correct horse battery staple"}}
    storage["encrypted"] = {"secret": {"volume": "vg/root", "encryption": encryption}}
    storage["filesystems"]["secret"] = {"kind": "ext4", "mount": "/"}
    (problem,) = refusals(storage)
    assert problem.pointer == "/storage/volume_groups/vg/volumes/pool"


@pytest.mark.parametrize(
    ("used", "kind", "place", "refused"),
    [
        (int(29.5 * GIB), "ext4", "/usr/share", False),
        (30 * GIB - 8 * MIB, "ext4", "/usr/share", True),
        (int(29.9 * GIB), "ext4", "/var/cache/apt", True),
        (30 * GIB - 40 * MIB, "ext4", "/srv", False),  # nothing of the set is there
        (0, "ext4", "/usr/share", False),  # not known: judged by its size
        (30 * GIB - 40 * MIB, "btrfs", "/usr/share", False),  # to move chunks, not in use
    ],
)
def test_of_a_filesystem_that_is_kept_what_is_free_counts(
    used: int, kind: str, place: str, *, refused: bool
) -> None:
    on = two_disks(there(1, minimum=used, filesystem=kind))
    keep = {
        "partitions": {"old": {"disk": "d1", "existing": 1}},
        "tables": {"d1": {"keep": True}},
        "filesystems": {"old": {"format": False, "mount": place}},
    }
    if not refused:
        assert planned(with_more(**keep), on).storage.filesystem_at(place)
        return
    with pytest.raises(MachineUnfit) as caught:
        planned(with_more(**keep), on)
    (problem,) = caught.value.problems
    assert problem.pointer == "/storage/filesystems/old"
    assert problem.message.startswith("old has 30 GiB, of which what is kept on it takes ")
    assert "make room on it until " in problem.hint


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
