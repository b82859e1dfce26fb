"""What the steps on arrays, LVM and encryption tell the programs that do the work."""

import json
import re
from pathlib import Path

import pytest

from installer.actions.context import Context
from installer.actions.storage.array import CreateArray
from installer.actions.storage.encryption import AddRecoveryKey, EncryptVolume, SealToTpm2
from installer.actions.storage.lvm import CreateLogicalVolume, CreateVolumeGroup
from installer.config.recovery import new_recovery_key
from installer.errors import CommandFailed, MachineUnfit
from installer.events import Event, Message
from installer.measured.prediction import Prediction
from installer.secret import Secret
from tests.recorder import Recorder, recorded_context

MIB = 1 << 20
UUID = "01234567-89ab-4def-8123-456789abcdef"
PASSPHRASE = Secret("correct horse, ü")


@pytest.fixture
def runner() -> Recorder:
    return Recorder()


@pytest.fixture
def context(runner: Recorder, tmp_path: Path) -> Context:
    return recorded_context(runner, tmp_path)


def test_an_array(runner: Recorder, context: Context) -> None:
    CreateArray(
        reference="array/root",
        name="root",
        level=5,
        uuid=UUID,
        members=("partition/a", "partition/b", "partition/c"),
        spares=("partition/d",),
    ).run(context)
    assert runner.commands == [
        (
            "mdadm --create /dev/md0 --run --quiet --metadata=1.2 --homehost=any --name=root"
            " --uuid=01234567:89ab4def:81234567:89abcdef --level=5 --raid-devices=3"
            " --spare-devices=1 --bitmap=internal /dev/sda1 /dev/sdb1 /dev/sdc1 /dev/sdd1"
        ),
        "udevadm wait --settle --timeout=30 /dev/md0",
    ]
    assert context.formatted
    assert context.node("array/root") == "/dev/md0"
    context.unwind()
    assert runner.commands[-1] == "mdadm --stop /dev/md0"


@pytest.mark.parametrize(("level", "bitmap"), [(0, False), (1, True), (6, True), (10, True)])
def test_what_cannot_get_out_of_step_has_no_bitmap(
    runner: Recorder, context: Context, level: int, bitmap: bool
) -> None:
    CreateArray(
        reference="array/a", name="a", level=level, uuid=UUID, members=("partition/a",)
    ).run(context)
    assert ("--bitmap=internal" in runner.commands[0]) is bitmap
    assert "--spare-devices" not in runner.commands[0]


def test_an_array_gets_a_number_that_is_free(
    runner: Recorder, context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = {"/sys/block/md0", "/sys/block/md1"}
    monkeypatch.setattr(Path, "exists", lambda path: str(path) in taken)
    CreateArray(reference="array/a", name="a", level=1, uuid=UUID, members=()).run(context)
    assert context.node("array/a") == "/dev/md2"


def test_a_volume_group(runner: Recorder, context: Context) -> None:
    CreateVolumeGroup(name="photon", members=("partition/a", "partition/b")).run(context)
    context.unwind()
    assert runner.commands == [
        "pvcreate --yes -ff --zero y /dev/sda1 /dev/sdb1",
        "vgcreate --yes photon /dev/sda1 /dev/sdb1",
        "vgchange --activate n photon",
    ]
    assert context.formatted


def test_a_group_is_not_called_like_a_device(
    context: Context, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("installer.actions.storage.lvm._DEV", tmp_path)
    (tmp_path / "odd").mkdir()
    (tmp_path / "odd/file").touch()
    (tmp_path / "old").mkdir()
    (tmp_path / "old/root").symlink_to("../dm-0")
    (tmp_path / "link").symlink_to("odd")
    for name in ("old", "new"):
        CreateVolumeGroup(name=name, members=("disk/2",)).check(context)
    for name in ("odd", "link"):
        with pytest.raises(MachineUnfit, match="already"):
            CreateVolumeGroup(name=name, members=("disk/2",)).check(context)


@pytest.mark.parametrize(
    ("kind", "size", "pool", "options"),
    [
        ("linear", 8 * MIB, None, "--type linear --wipesignatures y --zero y --size 8388608b"),
        ("linear", None, None, "--type linear --wipesignatures y --zero y --extents 100%FREE"),
        ("thin_pool", None, None, "--type thin-pool --zero y --extents 95%FREE"),
        ("thin", 8 * MIB, "pool", "--type thin --thinpool pool --virtualsize 8388608b"),
    ],
)
def test_logical_volumes(
    runner: Recorder, context: Context, kind: str, size: int | None, pool: str | None, options: str
) -> None:
    reference = "volume/photon/var"
    CreateLogicalVolume(
        reference=reference, group="photon", name="var", size=size, kind=kind, pool=pool
    ).run(context)
    assert runner.commands[0] == f"lvcreate --yes {options} --name var photon"
    waits = [each for each in runner.commands if each.startswith("udevadm wait")]
    assert len(waits) == (kind != "thin_pool")
    assert context.node(reference) == "/dev/photon/var"


def test_a_thin_volume_has_a_size_and_a_pool(context: Context) -> None:
    volume = CreateLogicalVolume(
        reference="volume/a/b", group="a", name="b", size=None, kind="thin", pool="pool"
    )
    with pytest.raises(ValueError, match="thin"):
        volume.run(context)


def test_an_encrypted_volume(runner: Recorder, context: Context) -> None:
    action = EncryptVolume(
        reference="encrypted/root",
        volume="partition/a",
        name="root",
        uuid=UUID,
        label="photon-root",
        passphrase=PASSPHRASE,
        memory=64 * MIB,
    )
    action.run(context)
    assert runner.commands == [
        (
            "cryptsetup luksFormat --batch-mode --type=luks2 --pbkdf=argon2id --pbkdf-memory=65536"
            f" --uuid={UUID} --label=photon-root --key-file=- /dev/sda1"
        ),
        "cryptsetup open --type=luks2 --key-file=- --allow-discards /dev/sda1 root",
        "udevadm wait --settle --timeout=30 /dev/mapper/root",
    ]
    assert runner.inputs == [PASSPHRASE, PASSPHRASE, None]
    assert context.formatted
    assert context.node("encrypted/root") == "/dev/mapper/root"
    assert "correct" not in action.describe() + repr(action)
    context.unwind()
    assert runner.commands[-1] == "cryptsetup close root"


def test_a_recovery_key_that_is_the_only_key_is_marked(runner: Recorder, context: Context) -> None:
    EncryptVolume(
        reference="encrypted/root",
        volume="partition/a",
        name="root",
        uuid=UUID,
        label="photon-root",
        passphrase=PASSPHRASE,
        memory=64 * MIB,
        recovery=True,
    ).run(context)
    assert runner.commands[1] == "cryptsetup token import --json-file=- /dev/sda1"
    token = runner.inputs[1]
    assert isinstance(token, str)
    assert json.loads(token) == {"type": "systemd-recovery", "keyslots": ["0"]}


def test_no_key_is_ever_an_argument(runner: Recorder, context: Context) -> None:
    runner.answers["cryptsetup luksDump"] = [
        json.dumps({"keyslots": {"0": {}}}),
        json.dumps({"keyslots": {"0": {}, "1": {}}}),
    ]
    key = new_recovery_key()
    action = AddRecoveryKey(volume="partition/a", passphrase=PASSPHRASE, recovery_key=key)
    action.run(context)
    SealToTpm2(volume="partition/a", passphrase=PASSPHRASE, pcrs=(7, 11)).run(context)
    text = "\n".join([*runner.commands, action.describe(), repr(action)])
    assert PASSPHRASE.reveal() not in text
    assert key.reveal() not in text
    token = {"type": "systemd-recovery", "keyslots": ["1"]}
    assert [each for each in runner.inputs if each] == [
        Secret(PASSPHRASE.reveal() + key.reveal()),
        key,
        json.dumps(token),
        PASSPHRASE,
    ]
    assert "--keyfile-size=17" in runner.commands[1]  # in bytes
    assert runner.commands[-1] == (
        "systemd-cryptenroll --tpm2-device=auto --tpm2-pcrs=7+11 --unlock-key-file=/dev/stdin"
        " /dev/sda1"
    )


def test_the_tpm_is_bound_to_the_next_start(runner: Recorder, context: Context) -> None:
    value = bytes(range(32))
    context.expected_pcrs[7] = Prediction(value=value, why="Secure Boot on")
    SealToTpm2(volume="partition/a", passphrase=PASSPHRASE, pcrs=(0, 7)).run(context)
    assert f"--tpm2-pcrs=0+7:sha256={value.hex()} " in runner.commands[-1]


def test_what_cannot_be_told_is_a_warning(runner: Recorder, context: Context) -> None:
    said: list[Event] = []
    context.emit = said.append
    context.expected_pcrs[7] = Prediction(value=None, why="no log")
    SealToTpm2(volume="partition/a", passphrase=PASSPHRASE, pcrs=(7,)).run(context)
    assert "--tpm2-pcrs=7 " in runner.commands[-1]
    assert said == [
        Message(
            level="warning",
            text="The TPM is bound to what PCR 7 is now; it may be another: no log",
        )
    ]


def test_without_a_tpm_nothing_is_begun(
    context: Context, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("installer.actions.storage.encryption._TPM", tmp_path / "tpmrm0")
    action = SealToTpm2(volume="partition/a", passphrase=PASSPHRASE, pcrs=(7,))
    with pytest.raises(CommandFailed, match=r"no TPM 2\.0"):
        action.check(context)
    (tmp_path / "tpmrm0").touch()
    action.check(context)


def test_a_recovery_key_is_as_systemd_writes_them() -> None:
    keys = {new_recovery_key().reveal() for _ in range(20)}
    assert len(keys) == 20
    for key in keys:
        assert re.fullmatch(r"([cbdefghijklnrtuv]{8}-){7}[cbdefghijklnrtuv]{8}", key)
