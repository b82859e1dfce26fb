"""Fuzz: what programs and the kernel print about disks, mounts, volumes and firmware."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from random import Random
from types import SimpleNamespace
from typing import Any

from installer.actions.boot.boot_order import entry_table
from installer.actions.context import Context
from installer.actions.host.identity import _hosts
from installer.actions.storage.encryption import _key_slots
from installer.actions.storage.save import Area, _signatures
from installer.boot.places import mounts_below
from installer.boot.volumes import read_volumes
from installer.boot_check.gather import _block_devices, _disks_below
from installer.boot_check.next_start import grub_names
from installer.errors import CommandFailed
from installer.machine.facts import Partition
from installer.machine.probe.layers import parse_members
from installer.machine.probe.machine import memory_size
from installer.machine.probe.shrink import smallest_size
from installer.machine.probe.systems import release_name
from installer.system.blkid import tags
from installer.system.kernel_log import device_error
from installer.system.mounts import parse_mounts
from installer.system.program_output import json_rows
from installer.system.runner import Runner
from tests.engine import Told
from tests.unit.fuzz.frame import fuzz
from tests.unit.fuzz.mutations import changed_bytes, changed_data

LSBLK = {"blockdevices": [
    {"path": "/dev/sda", "type": "disk", "size": 8589934592},
    {"path": "/dev/sda1", "type": "part", "size": 1073741824},
    {"path": "/dev/sr0", "type": "rom", "size": None},
]}  # fmt: skip
REPORT = {"report": [{"pv": [{"pv_name": "/dev/sda3", "vg_name": "vg0", "vg_uuid": "a-b"}]}]}
VOLUMES = {"report": [{"lv": [{"lv_dm_path": "/dev/mapper/vg0-root", "lv_active": "active"}]}]}
WIPEFS = {"signatures": [{"offset": "0x438", "length": 2}, {"offset": "0x1fe", "length": "2"}]}
LUKS = {"keyslots": {"0": {"type": "luks2", "key_size": 64}}, "tokens": {}}
BLKID = (
    b"DEVNAME=/dev/sda1\nUUID=1111-2222\nTYPE=vfat\nPARTLABEL=EFI\\ system\nLABEL=a\\x20b\n"
    b"PART_ENTRY_SCHEME=gpt\nPART_ENTRY_UUID=5d1b0f9e-1b1c-4c52-9d1e-0f6f3b0f7a11\n"
    b"PART_ENTRY_NUMBER=1\n"
)


class Says:
    """A runner whose programs all print the same."""

    def __init__(self, text: str) -> None:
        self.text = text

    def run(self, *_: Any, **__: Any) -> str:
        return self.text


def context(runner: Runner, place: Path) -> Context:
    return Context(runner=runner, emit=Told(), target=place, work=place)


def test_json_of_programs(tmp_path: Path) -> None:
    mounts = parse_mounts("29 1 8:1 / / rw - ext4 /dev/sda1 rw")
    readers: list[Callable[[Runner], object]] = [
        grub_names,
        _block_devices,
        lambda runner: _disks_below(runner, Path("/"), mounts),
        lambda runner: parse_members(runner.run(["pvs"])),
        lambda runner: json_rows("lvs", runner.run(["lvs"]), "report", "lv"),
        lambda runner: _key_slots(context(runner, tmp_path), "/dev/sda3"),
        lambda runner: list(
            _signatures(context(runner, tmp_path), [Area(node="/dev/sda1", start=0, size=1 << 20)])
        ),
    ]

    def make(random: Random) -> str:
        text = json.dumps(changed_data(random, [LSBLK, REPORT, VOLUMES, WIPEFS, LUKS]))
        if random.random() < 0.1:
            return changed_bytes(random, [text.encode()]).decode(errors="replace")
        return text

    def feed(text: str) -> None:
        for read in readers:
            with suppress(CommandFailed):
                read(Says(text))

    fuzz("JSON of programs", make, feed)


TEXTS = [
    BLKID,
    b"BootCurrent: 0001\nBootOrder: 0001,0000\nBoot0000* UEFI PXEv4\tMAC(525400123456,0x1)\n",
    b"Boot0001* Photon\tHD(1,GPT,5d1b0f9e-1b1c-4c52-9d1e-0f6f3b0f7a11,0x800,0x100)/File(\\x)\n",
    b'NAME="Debian"\nPRETTY_NAME="Debian GNU/Linux 13 (trixie)"\n',
    b"Estimated minimum size of the filesystem: 70000\nBlock size:               4096\n",
    b"You might resize at 1000000 bytes\n",
    b"num_devices\t1\ndev_item.bytes_used\t500000000\n",
    b"3,1,2,-;I/O error, dev vda, sector 2048 op 0x1:(WRITE) flags 0x0\n",
    b"Buffer I/O error on dev sda1, logical block 5, lost async page write\n",
    b"MemTotal:        1000000 kB\nMemFree: 5 kB\n",
]


def test_texts_of_programs() -> None:
    def make(random: Random) -> str:
        return changed_bytes(random, TEXTS).decode("utf-8", random.choice(["replace", "ignore"]))

    def feed(text: str) -> None:
        runner = Says(text)
        assert all(isinstance(each, str) for each in tags(text).values())
        read_volumes(runner, ["/dev/sda1"])
        entry_table(text)
        assert release_name(text).isprintable()
        memory_size(text)
        for filesystem in ("ext4", "ntfs", "btrfs"):
            partition = Partition(
                path="/dev/sda1", number=1, start=0, size=1 << 40, filesystem=filesystem
            )
            assert 0 <= smallest_size(runner, partition) < partition.size
        for line in text.splitlines():
            device_error(line)

    fuzz("texts of programs", make, feed)


def test_mounts() -> None:
    """A path may have any character; the kernel escapes what would end a field or a line."""

    def make(random: Random) -> tuple[str, str]:
        path = "/media/" + "".join(
            random.choice("a-ß\u00a0\u2028\x85\x0b\x1c\r\udcff")
            for _ in range(random.randrange(1, 9))
        )
        return path, f"36 29 8:17 / {path} rw,relatime shared:1 - vfat /dev/sdb1 rw\n"

    def feed(made: tuple[str, str]) -> None:
        path, text = made
        (found,) = mounts_below(Path("/media"), parse_mounts(text * 2))
        assert (str(found.folder), found.node, found.kind) == (path, "/dev/sdb1", "vfat")

    fuzz("mounts", make, feed)


def test_subvolumes_of_a_btrfs(tmp_path: Path) -> None:
    """What is kept of a host is in its filesystem, whatever a subvolume of it is called."""
    top, outside = tmp_path / "top", tmp_path / "outside"
    for root, digit in ((top / "host", "1"), (outside, "2")):
        (root / "etc").mkdir(parents=True)
        (root / "etc/machine-id").write_text(digit * 32 + "\n")
    (top / "link").symlink_to(outside)
    names = ["host", str(outside), "../outside", "host/../../outside", "link", "link/../host", ""]
    line = "ID 256 gen 10 top level 5 path "

    def make(random: Random) -> str:
        listed = "".join(f"{line}{each}\n" for each in random.sample(names, 3))
        if random.random() < 0.5:
            return listed
        return changed_bytes(random, [listed.encode()]).decode(errors="replace")

    def feed(text: str) -> None:
        used = SimpleNamespace(runner=Says(text))
        for host in _hosts(used, top, "/dev/sda1", "btrfs", ("machine_id",)):  # type: ignore[arg-type]
            assert "2" not in "".join(each.reveal() for each in host.files.values())

    fuzz("subvolumes", make, feed, refusals=(OSError,))
