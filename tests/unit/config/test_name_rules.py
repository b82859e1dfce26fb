"""Names that LVM, the device mapper, mkfs and useradd refuse, or take (each tried with them)."""

from __future__ import annotations

from typing import Any

import pytest

from installer.config.name_rules import mapper_name
from installer.config.read import from_document
from installer.errors import KickstartInvalid
from ks_schema import Document, Problem
from tests.engine import kickstart

VG0 = {"root": {"size": "8 GiB"}}


def problems(
    group: str = "vg0",
    volumes: dict[str, Any] | None = None,
    encrypted: str = "",
    **filesystem: Any,
) -> tuple[Problem, ...]:
    """What is wrong with a layout that has a group, an encrypted volume, and a filesystem."""
    passphrase = {"passphrase": {"plain": "correct horse"}}
    secret = {encrypted: {"volume": "secret", "encryption": passphrase}} if encrypted else {}
    storage = {
        "layout": "custom",
        "partitions": {
            "esp": {"disk": "default", "size": "512 MiB", "type": "esp"},
            "other": {"disk": "default", "size": "1 GiB"},
            **({"secret": {"disk": "default", "size": "1 GiB"}} if encrypted else {}),
            "pv": {"disk": "default"},
        },
        "encrypted": secret,
        "volume_groups": {group: {"members": ["pv"], "volumes": VG0 | (volumes or {})}},
        "filesystems": {
            f"{group}/root": {"kind": "ext4", "mount": "/"},
            "other": filesystem or {"kind": "ext4", "mount": "/boot"},
        },
    }
    try:
        from_document(Document(data=kickstart(storage=storage)))
    except KickstartInvalid as error:
        return error.problems
    return ()


def only(**data: Any) -> Problem:
    (found,) = problems(**data)
    return found


@pytest.mark.parametrize(
    "name",
    [
        "snapshots", "snapshot", "pvmove0", "a_tdata", "x_tmeta_y", "a_mimage", "a_mimagetmp",
        "a_rimage_0", "a_rmeta", "a_cdata", "a_cmeta", "a_corig", "a_cpool", "a_cvol", "a_wcorig",
        "a_vdata", "a_vorigin", "lvol0_pmspare", "a_mlog", "a_imeta", "a_iorig",
    ],
)  # fmt: skip
def test_names_that_lvm_keeps_to_itself(name: str) -> None:
    found = only(volumes={name: {"size": "1 GiB"}})
    assert found.pointer == f"/storage/volume_groups/vg0/volumes/{name}"
    assert "LVM keeps names" in found.message


@pytest.mark.parametrize(
    "name", ["mysnapshot", "lvol0", "a_cache", "tdata", "a.b", "a_tpool", "real", "a-real", "dash-"]
)
def test_names_of_logical_volumes(name: str) -> None:
    assert problems(volumes={name: {"size": "1 GiB"}}) == ()


@pytest.mark.parametrize(
    "name",
    [
        "log", "net", "shm", "disk", "mapper", "fd", "full", "sda", "sdaa3", "vdb", "nvme0n1p2",
        "mmcblk0boot1", "md", "md127", "md_d0", "dm-9", "loop9", "zero", "tty", "ttys0", "input",
        "kvm", "snapshot", "mqueue", "zram0", "sr0", "tpmrm0", "xvda1", "bus", "serial",
    ],
)  # fmt: skip
def test_groups_whose_directory_would_be_a_device(name: str) -> None:
    found = only(group=name)
    assert found.pointer == f"/storage/volume_groups/{name}"
    assert f"/dev/{name}" in found.message


@pytest.mark.parametrize(
    "name", ["vg0", "vg.0", "data", "root", "system", "a-b", "diskarray", "logs"]
)
def test_names_of_groups(name: str) -> None:
    assert problems(group=name) == ()


def test_the_device_mapper_takes_each_name_once() -> None:
    assert mapper_name("vg-a", "b-c") == "vg--a-b--c"
    for name, taken in {
        "vg0-root": "vg0/root",
        "vg0-a--b": "vg0/a-b",
        "vg0-pool_tdata": "vg0/pool",
        "vg0-pool-tpool": "vg0/pool",
    }.items():
        volumes = {"a-b": {"size": "1 GiB"}, "pool": {"size": "1 GiB", "kind": "thin_pool"}}
        found = only(encrypted=name, volumes=volumes)
        assert found.pointer == f"/storage/encrypted/{name}"
        assert taken in found.message
    assert "own" in only(encrypted="control").message
    assert problems(encrypted="vg0-home") == ()


def test_labels_that_mkfs_refuses() -> None:
    found = only(kind="vfat", label="a.b", mount="/srv")
    assert found.pointer == "/storage/filesystems/other/label"
    for kind in ("ext4", "xfs", "btrfs"):
        assert problems(kind=kind, label="-a.b_c-xxxxx", mount="/srv") == ()


def test_a_bind_stays_in_its_filesystem() -> None:
    for name in (".", ".."):
        found = only(kind="ext4", mount="/srv", binds={name: "/var/lib/docker"})
        assert found.pointer == f"/storage/filesystems/other/binds/{name}"
