"""What is kept of an earlier host: how it is found in whatever was stacked, and what is written."""

import json
from pathlib import Path

import pytest

from installer.actions.context import Context
from installer.actions.host.identity import FindIdentity, RestoreIdentity
from installer.errors import CommandFailed, MachineUnfit
from installer.events import Event, Message
from installer.secret import Secret
from tests.recorder import Recorder, recorded_context

BOTH = ("ssh_host_keys", "machine_id")
ID = "0123456789abcdef0123456789abcdef"
PASSPHRASE = Secret("correct horse, ü")
PRIVATE = "-----BEGIN OPENSSH PRIVATE KEY-----\n"


@pytest.fixture
def runner() -> Recorder:
    return Recorder()


@pytest.fixture
def context(runner: Recorder, tmp_path: Path) -> Context:
    return recorded_context(runner, tmp_path)


@pytest.fixture
def told(context: Context) -> list[Event]:
    events: list[Event] = []
    context.emit = events.append
    return events


def content(kind: str, uuid: str = "u") -> str:
    return f"DEVNAME=/dev/x\nUUID={uuid}\nTYPE={kind}\n"


def host(context: Context, name: str = "", machine_id: str = ID, *, photon: bool = False) -> Path:
    """A host where filesystems are mounted for a look, in a folder (subvolume) of that name."""
    root = context.work / "earlier" / name
    (root / "etc/ssh").mkdir(parents=True)
    (root / "etc/machine-id").write_text(f"{machine_id}\n")
    (root / "etc/ssh/ssh_host_ed25519_key").write_text(PRIVATE)
    (root / "etc/ssh/ssh_host_ed25519_key.pub").write_text("ssh-ed25519 AAAA\n")
    (root / "etc/ssh/sshd_config").write_text("unknown key\n")
    if photon:
        (root / "var/log/photon-installer").mkdir(parents=True)
    return root


def find(context: Context, *volumes: str, passphrases: tuple[Secret, ...] = ()) -> None:
    FindIdentity(things=BOTH, volumes=volumes, passphrases=passphrases).run(context)


def test_a_plain_root(runner: Recorder, context: Context, told: list[Event]) -> None:
    host(context)
    runner.answers["blkid --probe"] = [content("vfat"), content("ext4")]
    find(context, "/dev/sda1", "/dev/sda2")
    place = context.work / "earlier"
    assert runner.commands == [
        "blkid --probe --output=export /dev/sda1",
        "blkid --probe --output=export /dev/sda2",
        f"mount -t ext4 -o ro,noload,nodev,nosuid,noexec /dev/sda2 {place}",
        f"umount {place}",
    ]
    assert {path: each.reveal() for path, each in context.kept.items()} == {
        "/etc/machine-id": f"{ID}\n",
        "/etc/ssh/ssh_host_ed25519_key": PRIVATE,
        "/etc/ssh/ssh_host_ed25519_key.pub": "ssh-ed25519 AAAA\n",
    }
    assert ID not in str(told)
    assert PRIVATE.strip() not in str(told) + repr(context)
    assert not context.written


@pytest.mark.parametrize(
    ("thing", "count"), [("machine_id", 1), ("ssh_host_keys", 2)], ids=["machine-id", "keys"]
)
def test_only_what_is_asked_for(runner: Recorder, context: Context, thing: str, count: int) -> None:
    host(context)
    runner.answers["blkid --probe"] = [content("xfs")]
    FindIdentity(things=(thing,), volumes=("/dev/sda2",)).run(context)
    assert len(context.kept) == count
    assert "-t xfs -o ro,norecovery," in runner.commands[1]


def test_lvm_in_luks_on_a_mirror(runner: Recorder, context: Context) -> None:
    """Up from the disks, down again in the reverse order; the passphrase on standard input."""
    host(context)
    runner.answers |= {
        "blkid --probe": [
            content("linux_raid_member"), content("linux_raid_member"),
            content("crypto_LUKS"), content("LVM2_member"), content("ext4"), content("swap"),
        ],
        "pvs --devices=/dev/mapper/photon-preserve-1": [
            json.dumps({"report": [{"pv": [
                {"pv_name": "/dev/mapper/photon-preserve-1", "vg_name": "photon", "vg_uuid": "U"}
            ]}]})
        ],
        "lvs --devices=/dev/mapper/photon-preserve-1": [
            json.dumps({"report": [{"lv": [
                {"lv_dm_path": "/dev/mapper/photon-root", "lv_active": "active"},
                {"lv_dm_path": "/dev/mapper/photon-lost", "lv_active": ""},
                {"lv_dm_path": "/dev/mapper/photon-swap", "lv_active": "active"},
            ]}]})
        ],
    }  # fmt: skip
    find(context, "/dev/sda3", "/dev/sdb3", passphrases=(Secret("another"), PASSPHRASE))
    place = context.work / "earlier"
    opened, see = "/dev/mapper/photon-preserve-1", "--devices=/dev/mapper/photon-preserve-1"
    assert [each for each in runner.commands if not each.startswith(("blkid", "udevadm"))] == [
        "mdadm --assemble /dev/md0 --readonly --run /dev/sda3 /dev/sdb3",
        "cryptsetup open --type=luks --readonly --key-file=- /dev/md0 photon-preserve-1",
        f"pvs {see} --reportformat=json --options=pv_name,vg_name,vg_uuid",
        (
            f'vgchange {see} --config=activation/read_only_volume_list=["photon"]'
            " --activationmode=partial --activate=y photon"
        ),
        f"lvs {see} --reportformat=json --options=lv_dm_path,lv_active photon",
        f"mount -t ext4 -o ro,noload,nodev,nosuid,noexec /dev/mapper/photon-root {place}",
        f"umount {place}",
        f"vgchange {see} --activate=n photon",
        "cryptsetup close photon-preserve-1",
        "mdadm --stop /dev/md0",
    ]
    assert f"udevadm wait --settle --timeout=30 {opened}" in runner.commands
    assert [each for each in runner.inputs if each] == [Secret("another")]
    assert context.depth == 0
    assert len(context.kept) == 3


def test_the_passphrases_are_tried_one_after_the_other(runner: Recorder, context: Context) -> None:
    runner.answers["blkid --probe"] = [content("crypto_LUKS")]
    runner.failing = ["cryptsetup"]
    find(context, "/dev/sda3", passphrases=(Secret("another"), PASSPHRASE))
    assert [each for each in runner.inputs if each] == [Secret("another"), PASSPHRASE]
    assert not any("correct" in each for each in runner.commands)


def test_a_wrong_passphrase_is_an_error_before_anything_is_written(
    runner: Recorder, context: Context
) -> None:
    runner.answers |= {
        "blkid --probe": [content("linux_raid_member"), content("crypto_LUKS")],
    }
    runner.failing = ["cryptsetup"]
    with pytest.raises(MachineUnfit, match="/dev/md0 is encrypted, and the passphrase"):
        find(context, "/dev/sda3", passphrases=(PASSPHRASE,))
    assert runner.commands[-2] == "mdadm --stop /dev/md0"
    assert not context.written


def test_without_a_passphrase_it_is_passed_over(
    runner: Recorder, context: Context, told: list[Event]
) -> None:
    runner.answers["blkid --probe"] = [content("crypto_LUKS")]
    find(context, "/dev/sda3")
    assert [each.level for each in told if isinstance(each, Message)] == ["warning", "info"]
    assert not any(each.startswith("cryptsetup") for each in runner.commands)


def test_nothing_there_is_nothing_bad(context: Context, told: list[Event]) -> None:
    find(context, "/dev/sda")
    (message,) = told
    assert isinstance(message, Message)
    assert message.text.startswith("nothing to preserve was found")
    RestoreIdentity(things=BOTH).run(context)
    assert list(context.target.iterdir()) == []


@pytest.mark.parametrize("program", ["mount", "mdadm"])
def test_what_cannot_be_read_may_be_the_host(
    runner: Recorder, context: Context, program: str
) -> None:
    kind = {"mount": "ext4", "mdadm": "linux_raid_member"}[program]
    runner.answers["blkid --probe"] = [content(kind)]
    runner.failing = [program]
    with pytest.raises(MachineUnfit, match=rf"is unknown: /dev/sda3 \({program}: ended"):
        find(context, "/dev/sda3")


def test_what_cannot_be_read_does_not_matter_beside_the_host(
    runner: Recorder, context: Context
) -> None:
    host(context)
    runner.answers["blkid --probe"] = [content("ext4"), content("ext4")]
    runner.failing = ["mount"]
    find(context, "/dev/sda2", "/dev/sda3")
    assert context.kept


def subvolumes(*names: str) -> list[str]:
    return ["".join(f"ID 256 gen 9 top level 5 path {name}\n" for name in names)]


def test_a_root_in_a_subvolume_and_what_is_inside_it(runner: Recorder, context: Context) -> None:
    """Its snapshots and containers have an identity too; they are no hosts."""
    host(context, "@")
    host(context, "@/var/lib/docker/btrfs/subvolumes/1", "f" * 32)
    runner.answers["blkid --probe"] = [content("btrfs")]
    inner = "@/var/lib/docker/btrfs/subvolumes/1"
    runner.answers["btrfs subvolume"] = subvolumes(inner, "@home", "@")
    find(context, "/dev/sda2")
    assert context.kept["/etc/machine-id"] == Secret(f"{ID}\n")
    assert "-o ro,rescue=nologreplay,subvolid=5," in runner.commands[1]


def test_a_subvolume_is_inside_its_filesystem(
    runner: Recorder, context: Context, tmp_path: Path
) -> None:
    """With an end of line in its name it would name any place in the list."""
    host(context, "@")
    outside = tmp_path / "outside"
    (outside / "etc").mkdir(parents=True)
    (outside / "etc/machine-id").write_text("f" * 32 + "\n")
    (context.work / "earlier/link").symlink_to(outside)
    runner.answers["blkid --probe"] = [content("btrfs")]
    absolute = f"x\nID 257 gen 9 top level 5 path {outside}"
    runner.answers["btrfs subvolume"] = subvolumes("@", absolute, "link", "@/../link", "../outside")
    find(context, "/dev/sda2")
    assert context.kept["/etc/machine-id"] == Secret(f"{ID}\n")


def test_several_hosts(runner: Recorder, context: Context) -> None:
    host(context, "one")
    host(context, "two", "f" * 32)
    host(context, "copy of one")
    runner.answers["blkid --probe"] = [content("btrfs")]
    runner.answers["btrfs subvolume"] = subvolumes("one", "two", "copy of one")
    with pytest.raises(MachineUnfit, match=r"there are 2 hosts .*sda2, subvolume two"):
        find(context, "/dev/sda2")
    assert context.depth == 0


def test_a_photon_is_preferred(runner: Recorder, context: Context) -> None:
    host(context, "one")
    host(context, "two", "f" * 32, photon=True)
    runner.answers["blkid --probe"] = [content("btrfs")]
    runner.answers["btrfs subvolume"] = subvolumes("one", "two")
    find(context, "/dev/sda2")
    assert context.kept["/etc/machine-id"] == Secret("f" * 32 + "\n")


def test_no_link_leads_out_of_the_old_host(
    runner: Recorder, context: Context, tmp_path: Path
) -> None:
    root = host(context)
    (tmp_path / "ssh").mkdir()
    (tmp_path / "ssh/ssh_host_rsa_key").write_text("of the system that installs\n")
    (root / "etc/ssh").rename(root / "etc/ssh.old")
    (root / "etc/ssh").symlink_to(tmp_path / "ssh")
    runner.answers["blkid --probe"] = [content("ext4")]
    find(context, "/dev/sda2")
    assert list(context.kept) == ["/etc/machine-id"]


@pytest.mark.parametrize("text", ["", "uninitialized\n", "F" * 32])
def test_what_has_no_machine_id_is_no_host(runner: Recorder, context: Context, text: str) -> None:
    (host(context) / "etc/machine-id").write_text(text)
    runner.answers["blkid --probe"] = [content("ext4")]
    find(context, "/dev/sda2")
    assert not context.kept


def test_two_groups_of_one_name_do_not_meet(runner: Recorder, context: Context) -> None:
    members = [
        {"pv_name": f"/dev/sd{letter}3", "vg_name": "photon", "vg_uuid": letter} for letter in "ab"
    ]
    runner.answers |= {
        "blkid --probe": [content("LVM2_member"), content("LVM2_member")],
        "pvs --devices=/dev/sda3,/dev/sdb3": [json.dumps({"report": [{"pv": members}]})],
        "lvs --devices=/dev/sda3": [json.dumps({"report": [{"lv": []}]})],
        "lvs --devices=/dev/sdb3": [json.dumps({"report": [{"lv": []}]})],
    }
    find(context, "/dev/sda3", "/dev/sdb3")
    changes = [each.split() for each in runner.commands if each.startswith("vgchange")]
    assert [(each[1], each[-2]) for each in changes] == [
        ("--devices=/dev/sda3", "--activate=y"), ("--devices=/dev/sda3", "--activate=n"),
        ("--devices=/dev/sdb3", "--activate=y"), ("--devices=/dev/sdb3", "--activate=n"),
    ]  # fmt: skip


def test_a_group_of_which_a_volume_does_not_start(runner: Recorder, context: Context) -> None:
    """The others are looked at; what is found among them is kept."""
    host(context)
    member = {"pv_name": "/dev/sda3", "vg_name": "photon", "vg_uuid": "U"}
    volume = {"lv_dm_path": "/dev/mapper/photon-root", "lv_active": "active"}
    runner.answers |= {
        "blkid --probe": [content("LVM2_member"), content("ext4")],
        "pvs --devices=/dev/sda3": [json.dumps({"report": [{"pv": [member]}]})],
        "lvs --devices=/dev/sda3": [json.dumps({"report": [{"lv": [volume]}]})],
    }
    runner.failing = ["vgchange"]
    find(context, "/dev/sda3")
    assert context.kept


def test_what_stays_mounted_ends_it(runner: Recorder, context: Context) -> None:
    host(context)
    runner.answers["blkid --probe"] = [content("ext4")]
    runner.failing = ["umount"]
    with pytest.raises(CommandFailed, match="could not unmount"):
        find(context, "/dev/sda2")


def test_it_is_given_to_the_new_host(context: Context) -> None:
    context.kept = {
        "/etc/machine-id": Secret(f"{ID}\n"),
        "/etc/ssh/ssh_host_rsa_key": Secret(PRIVATE),
        "/etc/ssh/ssh_host_rsa_key.pub": Secret("ssh-rsa AAAA\n"),
    }
    fresh = context.target / "etc/machine-id"
    fresh.parent.mkdir()
    fresh.write_text("f" * 32 + "\n")
    RestoreIdentity(things=BOTH).run(context)
    modes = {path: context.root.place(path).stat().st_mode & 0o777 for path in context.kept}
    assert list(modes.values()) == [0o444, 0o600, 0o644]
    for path, text in context.kept.items():
        assert context.root.place(path).read_text() == text.reveal()


def test_the_plan_says_it() -> None:
    action = FindIdentity(things=BOTH, volumes=("/dev/sda2",), passphrases=(PASSPHRASE,))
    text = "keep the SSH host keys and the machine-id of the host that is there, if there is one"
    assert action.describe() == text
    assert "correct" not in repr(action)
