"""Each rule of storage: where it points, what it says, what it advises."""

from __future__ import annotations

from typing import Any

import pytest

from installer.config import from_document
from installer.errors import KickstartInvalid
from ks_schema import Document, Problem

Data = dict[str, Any]

DISKS = {name: {"device": f"/dev/sd{name}"} for name in "abc"}
LUKS = {"passphrase": {"plain": "correct horse"}}
ROOT = {"kind": "ext4", "mount": "/"}


def problems(storage: Data, **more: Data) -> tuple[Problem, ...]:
    data = {
        **more,
        "version": 1,
        "disks": DISKS,
        "root": {"password": {"plain": "x"}},
        "storage": storage,
    }
    try:
        from_document(Document(data=data))
    except KickstartInvalid as error:
        return error.problems
    return ()


def custom(**more: Any) -> Data:
    """A custom layout with a root on disk a, and more over it."""
    storage: Data = {
        "layout": "custom",
        "tables": {},
        "partitions": {"root": {"disk": "a"}, "x": {"disk": "a"}, "y": {"disk": "a"}},
        "filesystems": {"root": ROOT},
    }
    for key, value in more.items():
        storage[key] = {**storage.get(key, {}), **value}
    return storage


def grouped(**volumes: Data) -> Data:
    return custom(volume_groups={"vg0": {"members": ["x"], "volumes": volumes}})


def on_x(**filesystem: Any) -> Data:
    return custom(filesystems={"x": filesystem})


GUIDED = [
    (
        {"disk": "a", "partitions": {"x": {"disk": "a"}}},
        "/storage/partitions",
        "partitions does not go with this layout",
        'it is for "layout": "custom"',
    ),
    (
        {"disk": "a", "swap": {"kind": "none", "size": "1 GiB"}},
        "/storage/swap/size",
        "swap of the kind none has no size",
        'choose "partition", "file" or "zram"',
    ),
    (
        {"disk": "a", "swap": {"kind": "zram", "size": "1 KiB"}},
        "/storage/swap/size",
        "swap this small is of no use",
        'at least "1 MiB", or the kind "none"',
    ),
    (
        {"disk": "a", "encryption": {"recovery_key": True}},
        "/storage/encryption",
        "nothing but a recovery key would open it",
        'give a "passphrase", or let the "tpm2" open it',
    ),
    (
        {"disk": "a", "encryption": {"tpm2": {}, "recovery_key": False}},
        "/storage/encryption/recovery_key",
        "nothing would open it when the TPM refuses",
        "leave it true, or give a passphrase",
    ),
    (
        {"disk": "a", "encryption": {"tpm2": {"pcrs": [9, 7, 4]}}},
        "/storage/encryption/tpm2/pcrs",
        "the host's own upgrades change PCR 4, 9, or they are not known before its first start",
        "leave it out, and bind to it on the host with systemd-cryptenroll",
    ),
    (
        {"disk": "a", "mirror": ["b", "a"]},
        "/storage/mirror/1",
        '"a" is used already',
        "a mirror is another disk",
    ),
    (
        {"disk": "a", "wipe": ["b"], "mirror": ["b"]},
        "/storage/mirror/0",
        '"b" is used already',
        "a mirror is another disk",
    ),
    (
        {"disk": "a", "containers": {"disk": "a"}},
        "/storage/containers/disk",
        '"a" is used already',
        "name another disk, or leave it out: then the volume is on the disk of the root",
    ),
    (
        {"disk": "a", "layout": "free_space", "mirror": ["b"]},
        "/storage/mirror",
        "mirroring needs the entire disk",
        "use whole_disk, or a custom layout",
    ),
    (
        {"disk": "a", "layout": "free_space", "wipe": ["b"]},
        "/storage/wipe",
        "free_space erases nothing",
        "remove it, or use whole_disk",
    ),
    (
        {"disk": "a", "mirror": ["second"]},
        "/storage/mirror/0",
        'no disk is called "second"',
        '"disks" has: a, b, c',
    ),
    (
        {"disk": "a", "containers": {"disk": "data"}},
        "/storage/containers/disk",
        'no disk is called "data"',
        '"disks" has: a, b, c',
    ),
]
NAMES = [
    (
        custom() | {"lvm": True},
        "/storage/lvm",
        "lvm does not go with this layout",
        "it belongs to a guided layout",
    ),
    (
        custom(tables={"z": {}}),
        "/storage/tables/z",
        'no disk is called "z"',
        '"disks" has: a, b, c',
    ),
    (
        custom(partitions={"data": {"disk": "z"}}),
        "/storage/partitions/data/disk",
        'no disk is called "z"',
        '"disks" has: a, b, c',
    ),
    (
        custom(partitions={"b": {"disk": "a"}}),
        "/storage/partitions/b",
        '/disks/b is called "b" as well',
        "use another name",
    ),
    (
        custom(arrays={"x": {"level": 1, "members": ["y", "b"]}}),
        "/storage/arrays/x",
        '/storage/partitions/x is called "x" as well',
        "use another name",
    ),
    (
        custom(filesystems={"roott": {"kind": "ext4"}}),
        "/storage/filesystems/roott",
        'no volume is called "roott"',
        'did you mean "root"?',
    ),
    (
        custom(encrypted={"secret": {"volume": "nowhere", "encryption": LUKS}}),
        "/storage/encrypted/secret/volume",
        'no volume is called "nowhere"',
        "make it first, or name one that is made here",
    ),
    (
        custom(encrypted={"secret": {"volume": "x", "encryption": {"recovery_key": True}}}),
        "/storage/encrypted/secret/encryption",
        "nothing but a recovery key would open it",
        'give a "passphrase", or let the "tpm2" open it',
    ),
]
USES = [
    (
        custom(volume_groups={"vg0": {"members": ["root"]}}),
        "/storage/filesystems/root",
        '"root" is used already, by the volume group vg0',
        "use each volume once",
    ),
    (
        custom(arrays={"m": {"level": 1, "members": ["x", "y"], "spares": ["x"]}}),
        "/storage/arrays/m/spares/0",
        '"x" is used already, by the array m',
        "use each volume once",
    ),
    (
        custom(filesystems={"a": {"kind": "ext4"}}),
        "/storage",
        '"a" is used already, by the filesystem',
        "lay it on partitions of the disk, or take the table away",
    ),
    (
        custom(tables={"b": {"keep": True}}, volume_groups={"vg0": {"members": ["b"]}}),
        "/storage",
        '"b" is used already, by the volume group vg0',
        "lay it on partitions of the disk, or take the table away",
    ),
    (
        grouped(pool={"kind": "thin_pool"})
        | {"filesystems": {"root": ROOT, "vg0/pool": {"kind": "xfs"}}},
        "/storage/filesystems/vg0~1pool",
        '"vg0/pool" is a thin pool',
        "use a thin volume of it",
    ),
    (
        custom(arrays={"m": {"level": 1, "members": ["m", "x"]}}),
        "/storage/arrays/m",
        '"m" contains itself',
        "put it on a partition or disk",
    ),
    (
        custom(volume_groups={"vg0": {"members": ["vg0/lv"], "volumes": {"lv": {}}}}),
        "/storage/volume_groups/vg0",
        '"vg0" contains itself',
        "put it on a partition or disk",
    ),
]
TABLES = [
    (
        custom(tables={"b": {"delete": [1]}}),
        "/storage/tables/b/delete",
        "a new table has nothing to delete",
        'say "keep": true to keep the other partitions',
    ),
    (
        custom(
            tables={"b": {"keep": True, "delete": [2]}},
            partitions={"z": {"disk": "b", "existing": 2}},
        ),
        "/storage/partitions/z/existing",
        "partition 2 is deleted, or used already",
        "use another one",
    ),
    (
        custom(
            tables={"b": {"keep": True}},
            partitions={"z": {"disk": "b", "existing": 2}, "zz": {"disk": "b", "existing": 2}},
        ),
        "/storage/partitions/zz/existing",
        "partition 2 is deleted, or used already",
        "use another one",
    ),
    (
        custom(partitions={"x": {"disk": "a", "existing": 1}}),
        "/storage/partitions/x/existing",
        "a new table has no existing partitions",
        'keep the table: "tables": {"a": {"keep": true}}',
    ),
    (
        custom(partitions={"x": {"disk": "a", "min_size": "2 GiB", "max_size": "1 GiB"}}),
        "/storage/partitions/x/min_size",
        "min_size is larger than max_size",
        "min_size is the smaller",
    ),
    (
        custom(
            tables={"a": {"kind": "dos"}},
            partitions={"x": {"disk": "a", "type": "0fc63daf-8483-4772-8e79-3d69d8477de4"}},
        ),
        "/storage/partitions/x/type",
        "a dos table has no type GUIDs",
        "use a name, or a gpt table",
    ),
]
VOLUMES = [
    *(
        (
            custom(arrays={"m": {"level": level, "members": members}}),
            "/storage/arrays/m/members",
            f"RAID {level} needs at least {fewest} members",
            "add members, or choose another level",
        )
        for level, members, fewest in ((5, ["x", "y"], 3), (6, ["x", "y", "b"], 4))
    ),
    (
        grouped(lv={"min_size": "2 GiB", "max_size": "1 GiB"}),
        "/storage/volume_groups/vg0/volumes/lv/min_size",
        "min_size is larger than max_size",
        "min_size is the smaller",
    ),
    (
        grouped(lv={}, thin={"kind": "thin", "pool": "lv", "size": "1 GiB"}),
        "/storage/volume_groups/vg0/volumes/thin",
        "a thin volume is in a thin pool of its group",
        'name one as its "pool"',
    ),
    (
        grouped(thin={"kind": "thin", "size": "1 GiB"}),
        "/storage/volume_groups/vg0/volumes/thin",
        "a thin volume is in a thin pool of its group",
        'name one as its "pool"',
    ),
    (
        grouped(pool={"kind": "thin_pool"}, thin={"kind": "thin", "pool": "pool"}),
        "/storage/volume_groups/vg0/volumes/thin",
        "a thin volume has a size of its own",
        'give one, like "20 GiB"',
    ),
    (
        grouped(pool={"kind": "thin_pool"}, lv={"pool": "pool"}),
        "/storage/volume_groups/vg0/volumes/lv/pool",
        "a linear volume takes no room from a pool",
        'say "kind": "thin"',
    ),
]
FILESYSTEMS = [
    (on_x(mount="/srv"), "/storage/filesystems/x", "it has no kind", 'like "kind": "ext4"'),
    (
        on_x(format=False, mount="/srv"),
        "/storage/filesystems/x/format",
        "only an existing partition can be kept",
        "let it be formatted",
    ),
    (
        custom(filesystems={"b": {"format": False, "mount": "/srv"}}),
        "/storage/filesystems/b/format",
        "only an existing partition can be kept",
        "let it be formatted",
    ),
    (
        on_x(kind="xfs", subvolumes={"@": {}}),
        "/storage/filesystems/x/subvolumes",
        "only btrfs has subvolumes",
        'use "kind": "btrfs"',
    ),
    (
        on_x(kind="btrfs", subvolumes={"@/..": {}}),
        "/storage/filesystems/x/subvolumes/@~1..",
        "a subvolume is not called . or ..",
        "give it another name",
    ),
    (
        on_x(kind="vfat", label="twelve-chars"),
        "/storage/filesystems/x/label",
        "a label of vfat has at most 11 characters",
        "make it shorter",
    ),
    (
        on_x(kind="xfs", binds={"docker": "/var/lib/docker"}),
        "/storage/filesystems/x/binds",
        "only what is mounted can be bound elsewhere",
        'give it a "mount"',
    ),
    (
        on_x(kind="swap", mount="/srv"),
        "/storage/filesystems/x/mount",
        "swap space is not mounted",
        "remove it",
    ),
]
MOUNTS = [
    (
        on_x(kind="ext4", mount="/"),
        "/storage/filesystems/x/mount",
        "root is mounted at / as well",
        "mount each at another place",
    ),
    (
        on_x(kind="btrfs", mount="/srv", subvolumes={"@": {"mount": "/srv"}}),
        "/storage/filesystems/x/subvolumes/@/mount",
        "x is mounted at /srv as well",
        "mount each at another place",
    ),
    (
        on_x(kind="ext4", mount="/srv", binds={"a": "/srv"}),
        "/storage/filesystems/x/binds/a",
        "x is mounted at /srv as well",
        "mount each at another place",
    ),
    *(
        (
            on_x(kind="ext4", mount=place),
            "/storage/filesystems/x/mount",
            f"{place} is a part of the root",
            "leave it there",
        )
        for place in ("/bin", "/etc", "/lib", "/lib64", "/sbin")
    ),
    *(
        (
            on_x(kind="ext4", mount=place),
            "/storage/filesystems/x/mount",
            f"{place} is needed before anything but / and /usr is mounted",
            "leave it to the filesystem of / or /usr",
        )
        for place in ("/usr/bin", "/usr/lib", "/usr/lib/systemd", "/usr/sbin", "/etc/systemd")
    ),
    *(
        (
            on_x(kind="ext4", mount=place, options=["noatime", "noauto"]),
            "/storage/filesystems/x/options/1",
            f"{place} has to be mounted at each start",
            "leave it out",
        )
        for place in ("/boot", "/usr", "/var")
    ),
    (
        on_x(kind="btrfs", options=["noauto"], subvolumes={"@": {"mount": "/var"}}),
        "/storage/filesystems/x/options/0",
        "/var has to be mounted at each start",
        "leave it out",
    ),
    (
        on_x(kind="btrfs", mount="/srv", options=["subvol=data"]),
        "/storage/filesystems/x/options/0",
        "subvol says what is mounted, not how",
        'name the subvolume in "subvolumes"',
    ),
    (
        on_x(kind="btrfs", subvolumes={"@": {"mount": "/srv", "options": ["subvolid=5"]}}),
        "/storage/filesystems/x/subvolumes/@/options/0",
        "subvolid says what is mounted, not how",
        'name the subvolume in "subvolumes"',
    ),
    (
        on_x(kind="ext4", mount="/srv", options=["remount"]),
        "/storage/filesystems/x/options/0",
        "remount says what is mounted, not how",
        "leave it out",
    ),
    *(
        (
            on_x(kind="ext4", mount=place),
            "/storage/filesystems/x/mount",
            f"{place} is created again at each start",
            "mount it at another place, like /srv",
        )
        for place in ("/dev", "/proc", "/run", "/run/lock", "/sys")
    ),
    (
        {**custom(), "filesystems": {"root": {"kind": "ext4", "mount": "/srv"}}},
        "/storage",
        "nothing is mounted at /",
        'give one filesystem "mount": "/"',
    ),
    (
        {
            **custom(),
            "filesystems": {"root": {"kind": "ext4", "mount": "/srv", "binds": {"top": "/"}}},
        },
        "/storage/filesystems/root/binds/top",
        "the root cannot be a directory of another filesystem",
        "mount it there",
    ),
]


@pytest.mark.parametrize(
    ("storage", "pointer", "message", "hint"),
    [*GUIDED, *NAMES, *USES, *TABLES, *VOLUMES, *FILESYSTEMS, *MOUNTS],
)
def test_a_rule(storage: Data, pointer: str, message: str, hint: str) -> None:
    (found,) = problems(storage)
    assert (found.pointer, found.message, found.hint) == (pointer, message, hint)


@pytest.mark.parametrize(
    "storage",
    [
        {"disk": "a", "mirror": ["b"], "containers": {"disk": "c"}, "wipe": []},
        {"disk": "a", "encryption": {"tpm2": {}}},
        {"disk": "a", "swap": {"kind": "zram"}},
        custom(),
        custom(tables={"b": {"keep": True, "delete": [1]}},
               partitions={"z": {"disk": "b", "existing": 2}},
               filesystems={"z": {"format": False, "mount": "/srv"}}),
        custom(arrays={"m": {"level": 10, "members": ["x", "y"], "spares": ["b"]}}),
        custom(encrypted={"s": {"volume": "x", "encryption": {**LUKS, "recovery_key": False}}}),
        grouped(pool={"kind": "thin_pool"}, thin={"kind": "thin", "pool": "pool", "size": "1 TiB"}),
        on_x(kind="btrfs", subvolumes={"@..": {"mount": "/runner"}, "@/a.b": {"mount": "/devs"}}),
        on_x(kind="vfat", label="eleven-char", mount="/etc/site"),
        on_x(kind="ext4", mount="/usr/local", options=["noauto", "x-systemd.automount"]),
        on_x(kind="ext4", mount="/usr/lib/modules"),
        custom(filesystems={"b": {"kind": "xfs", "mount": "/srv", "binds": {"d": "/data"}}}),
    ],
    ids=range(13),
)  # fmt: skip
def test_what_breaks_no_rule(storage: Data) -> None:
    assert problems(storage) == ()


def test_the_tpm_opens_it_though_keys_are_about_to_change() -> None:
    sealed: Data = {"disk": "a", "encryption": {"tpm2": {}}}
    boot = {"mode": "efi", "owner_keys": {"passphrase": {"plain": "a passphrase"}}}
    assert problems(sealed, boot=boot) == ()


def test_rules_wait_until_the_schema_is_content() -> None:
    (found,) = problems(custom(arrays={"m": {"level": 7, "members": ["x", "q"]}}))
    assert found.pointer == "/storage/arrays/m/level"


@pytest.mark.parametrize("option", ["/dev/sdb", "-llogdev=/dev/sdb", "name=/etc/passwd"])
def test_no_other_disk_is_named_to_mkfs(option: str) -> None:
    root = {**ROOT, "make_options": ["-F", option]}
    (problem,) = problems(custom(filesystems={"root": root}))
    assert problem.pointer == "/storage/filesystems/root/make_options/1"
    assert "another disk" in problem.message
