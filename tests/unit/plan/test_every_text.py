"""No text that the check accepts changes the structure of a file that is written."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest

from installer import api
from installer.actions.boot.boot_entry import WriteBootEntry
from installer.actions.host.services import RunScript
from installer.errors import KickstartInvalid, MachineUnfit
from installer.plan.model import InstallPlan, plain
from ks_schema import Document
from tests.engine import HASH, KEY, actions_of, full_kickstart, machine, payload

Way = tuple[str | int, ...]
# What means something to systemd, shells, GRUB, fstab, sudoers or passwd; a line break with more
# behind it, and the end of a text of C.
SIGNS = (
    "%", "%n", '"', "'", "\\", "\\040", "$", "$(id)", "`", ";", "#", "&", "{", "}", "!", ":", ",",
    " ", "\t", "\n[Match]\nName=*\n", "\r", "\x00", "\x1b", "\x85", "\u2028",
)  # fmt: skip
# Programs of the kickstart's own, and texts that are not files: what they do is theirs.
FREE: set[Way] = {
    ("scripts", "post", 0, "run"),
    ("users", 0, "full_name"),
    ("users", 0, "ssh_keys"),
}
STATIC = {
    "eth0": {
        "addresses": ["192.0.2.5/24", "2001:db8::5/64"],
        "routes": [{"to": "default", "via": "192.0.2.1"}, {"to": "10.0.0.0/8", "via": "192.0.2.2"}],
        "nameservers": {"addresses": ["192.0.2.53"], "search": ["example.net"]},
    },
    "up": {"match": {"name": "en*", "macaddress": "52:54:00:12:34:56"}, "dhcp4": True},
}
WHOLE = full_kickstart(
    locale="de_DE.UTF-8",
    keyboard="de",
    network={"ethernets": STATIC},
    ntp={"servers": ["ntp.example.net"]},
    services={"docker": "enabled", "fstrim.timer": "masked"},
    disks={"default": {"device": "/dev/vda"}},
    storage={"encryption": {"passphrase": {"plain": "correct horse"}}, "lvm": True},
    boot={
        "mode": "efi",
        "console": "ttyS0,115200",
        "entry_name": "Photon edge",
        "kernel_arguments": ["panic=10"],
        "timeout": "5 s",
    },
    users=[
        {"name": "first.last", "full_name": "Olga", "groups": ["site"], "shell": "/bin/bash",
         "sudo": "password", "password": {"hash": HASH}, "ssh_keys": [KEY]},
    ],
)  # fmt: skip
CUSTOM = full_kickstart(
    disks={"default": {"device": "/dev/vda"}},
    boot={"mode": "efi"},
    storage={
        "layout": "custom",
        "partitions": {
            "esp": {"disk": "default", "size": "512 MiB", "type": "esp"},
            "boot": {"disk": "default", "size": "1 GiB"},
            "root": {"disk": "default", "size": "6 GiB"},
            "secret": {"disk": "default", "size": "1 GiB"},
            "pv": {"disk": "default"},
        },
        "encrypted": {
            "hidden": {
                "volume": "secret",
                "encryption": {"passphrase": {"plain": "correct horse"}},
            }
        },
        "volume_groups": {"vg.0": {"members": ["pv"], "volumes": {"data": {"size": "1 GiB"}}}},
        "filesystems": {
            "boot": {"kind": "ext4", "mount": "/boot", "options": ["noatime"], "label": "boot"},
            "root": {"kind": "btrfs", "subvolumes": {"@": {"mount": "/", "options": ["noatime"]}}},
            "hidden": {"kind": "xfs", "mount": "/srv/data", "binds": {"docker": "/var/lib/docker"}},
            "vg.0/data": {"kind": "ext4", "mount": "/home"},
        },
    },
)


def leaves(data: Any, way: Way = ()) -> Iterator[tuple[Way, str, bool]]:
    """The way to each text, the text, and whether it is a key."""
    match data:
        case dict():
            for key, each in data.items():
                yield (*way, key), key, True
                yield from leaves(each, (*way, key))
        case list():
            for index, each in enumerate(data):
                yield from leaves(each, (*way, index))
        case str():
            yield way, data, False


def changed(data: Any, way: Way, old: str, new: str, *, is_key: bool) -> Any:
    """The document with one text replaced; a name is replaced wherever it stands."""
    if is_key:
        return json.loads(json.dumps(data).replace(json.dumps(old), json.dumps(new)))
    made = copy.deepcopy(data)
    holder = made
    for part in way[:-1]:
        holder = holder[part]
    holder[way[-1]] = new
    return made


def made_plan(data: dict[str, Any]) -> InstallPlan | None:
    try:
        index = payload()
        return api.prepare(Document(data=data), machine("empty-virtio"), index, seed="0" * 32)
    except (KickstartInvalid, MachineUnfit):
        return None


def structure(plan: InstallPlan) -> list[tuple[str, int, int]]:
    """Of every text of several lines in the plan: its lines, and the signs that group words."""
    found = []
    for action in actions_of(plan):
        if isinstance(action, RunScript | WriteBootEntry):
            continue
        for name, text in plain(action).items():
            # The record is JSON, which has its own quoting, and the plan for people.
            if isinstance(text, str) and "\n" in text and type(action).__name__ != "KeepRecord":
                signs = sum(text.count(each) for each in "\"'`$\\{};&#[]")
                assert all(each.isprintable() or each in "\n\t" for each in text), text
                found.append((f"{type(action).__name__}.{name}", text.count("\n"), signs))
    return found


@pytest.mark.parametrize("data", [WHOLE, CUSTOM], ids=["whole", "custom"])
def test_no_text_changes_the_structure_of_a_file(data: dict[str, Any]) -> None:
    plan = made_plan(data)
    assert plan is not None
    usual = structure(plan)
    accepted = 0
    for way, text, is_key in leaves(data):
        if way[:4] in FREE or way[:3] in FREE:
            continue
        for sign in SIGNS:
            middle = len(text) // 2 + 1
            new = text[:middle] + sign + text[middle:]
            made = made_plan(changed(data, way, text, new, is_key=is_key))
            if made is not None:
                accepted += 1
                assert structure(made) == usual, (way, sign)
    assert accepted  # some signs are for some texts: % in an argument of the kernel
