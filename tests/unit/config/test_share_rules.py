"""Shares in percent are of one whole."""

from __future__ import annotations

from typing import Any

import pytest

from installer import api
from tests.engine import KEY


def found(**storage: Any) -> list[tuple[str, str]]:
    data = {
        "version": 1,
        "disks": {"default": {"device": "/dev/sda"}, "b": {"device": "/dev/sdb"}},
        "root": {"ssh_keys": [KEY]},
        "storage": storage,
    }
    return [(each.pointer, each.message) for each in api.check(data)]


def custom(*sizes: str, group: bool = False, **more: Any) -> list[tuple[str, str]]:
    names = [f"p{number}" for number in range(len(sizes))]
    parts = {name: {"size": size, **more} for name, size in zip(names, sizes, strict=True)}
    partitions = {name: {"disk": "default", **each} for name, each in parts.items()}
    groups = {}
    if group:
        partitions = {"pv": {"disk": "default"}}
        groups = {"vg": {"members": ["pv"], "volumes": parts}}
    volumes = [f"vg/{name}" for name in names] if group else names
    mounts = ["/", *(f"/srv/{number}" for number in range(1, len(sizes)))]
    filesystems = {
        volume: {"kind": "ext4", "mount": mount}
        for volume, mount in zip(volumes, mounts, strict=True)
    }
    said = {"partitions": partitions, "filesystems": filesystems}
    return found(layout="custom", **said, **({"volume_groups": groups} if group else {}))


@pytest.mark.parametrize("size", ["101%", "100.001%", "999%", "0%", "0.000%"])
def test_a_share_is_of_the_whole(size: str) -> None:
    message = f"{size} is not a share of the whole"
    assert found(containers={"size": size}) == [("/storage/containers/size", message)]
    assert found(containers={"size": size, "disk": "b"}) == [("/storage/containers/size", message)]
    assert custom(size) == [("/storage/partitions/p0/size", message)]
    assert custom(size, group=True) == [("/storage/volume_groups/vg/volumes/p0/size", message)]


def test_containers_leave_something_for_the_root() -> None:
    assert found(containers={"size": "100%", "disk": "b"}) == []
    assert found(containers={"size": "99.5%"}) == []
    assert found(containers={"size": "100%"}) == [
        ("/storage/containers/size", "this leaves nothing for the root beside it")
    ]


@pytest.mark.parametrize("group", [False, True])
def test_shares_are_at_most_the_whole_together(group: bool) -> None:
    place = "/storage/volume_groups/vg/volumes" if group else "/storage/partitions"
    whole = 'the volume group "vg"' if group else 'the disk "default"'
    assert custom("60%", "40%", group=group) == []
    assert custom("60%", "20 GiB", "rest", group=group) == []
    assert custom("60%", "60%", "rest", group=group) == [
        (f"{place}/p1/size", f"the shares of {whole} are 120% together")
    ]
    assert custom("60%", "60%", group=group, max_size="20 GiB") == []
