"""Files by UUID and path: subvolumes, filesystems of their own, and what is not mounted."""

import contextlib
import os
from pathlib import Path

import pytest

from installer.boot.places import Places, UnseenError, mounts_below, text_inside
from installer.boot.volumes import Volume, read_volumes
from installer.system.mounts import Mount, parse_mounts
from tests.recorder import Recorder
from tests.unit.verify.hosts import BOOT, ROOT, places_of, put

MOUNTINFO = """\
22 1 0:20 /@ /mnt/host rw,relatime shared:1 - btrfs /dev/sda2 rw,subvol=/@
23 22 8:1 / /mnt/host/boot rw - ext4 /dev/sda3 rw
24 22 0:20 /@home /mnt/host/home\\040of\\040all rw - btrfs /dev/sda2 rw,subvol=/@home
25 22 0:5 / /mnt/host/proc rw - proc proc rw
26 1 8:9 / /elsewhere rw - ext4 /dev/sdb1 rw
"""


def test_the_mounts_of_a_host() -> None:
    assert mounts_below(Path("/mnt/host"), parse_mounts(MOUNTINFO)) == (
        Mount(node="/dev/sda2", top="/@", folder=Path("/mnt/host"), kind="btrfs", number="0:20"),
        Mount(node="/dev/sda3", top="/", folder=Path("/mnt/host/boot"), kind="ext4", number="8:1"),
        Mount(
            node="/dev/sda2",
            top="/@home",
            folder=Path("/mnt/host/home of all"),
            kind="btrfs",
            number="0:20",
        ),
    )


def subvolumes(folder: Path) -> Places:
    runner = Recorder(failing=["mount"])
    return Places(
        runner=runner,
        undo_runner=runner,
        work=folder / "work",
        undo=contextlib.ExitStack(),
        volumes=(
            Volume(node="/dev/test0", uuid=ROOT, kind="btrfs"),
            Volume(node="/dev/test1", uuid=BOOT, kind="ext4"),
            Volume(node="/dev/test2", uuid="1234", kind="crypto_LUKS"),
        ),
        mounts=(
            Mount(node="/dev/test0", top="/@", folder=folder / "root"),
            Mount(node="/dev/test1", top="/", folder=folder / "root/boot"),
        ),
    )


def test_where_things_are(tmp_path: Path) -> None:
    put(tmp_path / "root", "etc/fstab", "boot/vmlinuz")
    places = subvolumes(tmp_path)
    assert places.find(ROOT.upper(), "/@/etc/fstab") == tmp_path / "root/etc/fstab"
    assert places.find(BOOT, "/vmlinuz") == tmp_path / "root/boot/vmlinuz"
    assert places.find(ROOT, "/@/etc/nothing") is None
    with pytest.raises(UnseenError, match="hidden below another mount"):
        places.find(ROOT, "/@/boot/vmlinuz")
    with pytest.raises(UnseenError, match="cannot be mounted"):
        places.find(ROOT, "/@other/etc/fstab")
    with pytest.raises(UnseenError, match="/dev/test2 is encrypted"):
        places.find("1234", "/etc/fstab")
    assert "mount -t btrfs -o ro,rescue=nologreplay,subvolid=5" in " ".join(commands(places))


def commands(places: Places) -> list[str]:
    assert isinstance(places.runner, Recorder)
    return places.runner.commands


def test_what_is_mounted_is_unmounted(tmp_path: Path) -> None:
    places = subvolumes(tmp_path)
    assert isinstance(places.runner, Recorder)
    places.runner.failing.clear()
    assert places.find(ROOT, "/@other/etc/fstab") is None
    assert places.find(ROOT, "/@other/etc/group") is None
    places.undo.close()
    mounted, unmounted = commands(places)
    assert mounted.startswith("mount ")
    assert unmounted == f"umount {tmp_path}/work/volume-0"


def test_links_go_round_in_circles(tmp_path: Path) -> None:
    put(tmp_path, "a/file")
    (tmp_path / "a/self").symlink_to("self")
    (tmp_path / "b").symlink_to("/a/../../../a")
    places = places_of({ROOT: tmp_path})
    assert places.find(ROOT, "/a/self") is None
    assert places.find(ROOT, "/b/./file") == tmp_path / "a/file"
    assert places.find(ROOT, "/../../a/file") == tmp_path / "a/file"


def test_no_file_of_a_host_is_read_outside_of_it(tmp_path: Path) -> None:
    put(tmp_path, "outside", "host/etc/fstab")
    etc = tmp_path / "host/etc"
    (etc / "out").symlink_to(tmp_path / "outside")
    (etc / "up").symlink_to("../../outside")
    (etc / "endless").symlink_to("/dev/zero")
    (etc / "absolute").symlink_to("/etc/fstab")
    os.mkfifo(etc / "pipe")
    put(tmp_path, "host/etc/huge", data=bytes(3 << 20))
    host = tmp_path / "host"
    assert [text_inside(host, f"/etc/{name}") for name in ("out", "up", "endless", "pipe")] == [
        None, None, None, None,
    ]  # fmt: skip
    assert text_inside(host, "etc/absolute") == "something"
    assert len(text_inside(host, "/etc/huge") or "") == 1 << 20


def test_what_is_on_the_devices() -> None:
    text = "DEVNAME=/dev/sda1\nUUID=1111-2222\nTYPE=vfat\nPART_ENTRY_UUID=ABCD\n"
    text += "PART_ENTRY_SCHEME=gpt\nPART_ENTRY_NUMBER=1\n"
    runner = Recorder(answers={"blkid --probe": [text]})
    assert read_volumes(runner, ["/dev/sda1", "/dev/sda1"]) == (
        Volume(
            node="/dev/sda1",
            uuid="1111-2222",
            kind="vfat",
            partition="abcd",
            table="gpt",
            number="1",
        ),
    )
    assert read_volumes(Recorder(failing=["blkid"]), ["/dev/sda"]) == (Volume(node="/dev/sda"),)
