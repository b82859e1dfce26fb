"""Whole plans: the expected ones, that nothing in them is chance, and that any machine gets one."""

import json
from typing import Any

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from installer import api
from installer.errors import ExitCode, InstallerError, MachineUnfit
from installer.machine.facts import (
    Disk,
    Firmware,
    FirmwareMode,
    Layer,
    LayerKind,
    Machine,
    NetworkInterface,
    Partition,
    SecureBoot,
)
from installer.payload.index import PayloadIndex
from installer.plan.disks import unfit_reason
from installer.plan.model import InstallPlan
from ks_schema import Document
from tests.engine import (
    HASH,
    KEY,
    MACHINES,
    actions_of,
    full_kickstart,
    kickstart,
    machine,
    payload,
    plan_for,
    small_machine,
)
from tests.renew_plans import PLANS, SEED, made_plan, plan_text

FOLDERS = sorted(PLANS.iterdir())
INDEX = payload()


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_the_expected_plan(folder: Any) -> None:
    expected = (folder / "plan.txt").read_text("utf-8")
    assert plan_text(folder) == expected, "if this is right: python -m tests.renew_plans"


def to_bytes(plan: InstallPlan) -> bytes:
    return json.dumps(plan.to_json(), sort_keys=False).encode()


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_the_same_again_byte_for_byte(folder: Any) -> None:
    try:
        first = made_plan(folder)
    except InstallerError:
        return
    second = made_plan(folder)
    assert to_bytes(first) == to_bytes(second)
    assert first.describe() == second.describe()


def test_another_seed_is_another_plan_with_the_same_steps() -> None:
    document, on = Document(data=full_kickstart()), small_machine("/dev/vda")
    plans = [api.prepare(document, on, INDEX, seed=seed) for seed in (SEED, "another")]
    assert to_bytes(plans[0]) != to_bytes(plans[1])
    lines = [len(plan.describe().splitlines()) for plan in plans]
    assert lines[0] == lines[1]


def test_a_plain_password_is_in_no_form_of_the_plan() -> None:
    data = full_kickstart(root={"password": {"plain": "correct horse"}})
    plan = plan_for(data, small_machine("/dev/vda"))
    hashed = next(
        each.hashed.reveal()  # type: ignore[attr-defined]
        for phase in plan.phases
        for each in phase.actions
        if getattr(each, "user", "") == "root"
    )
    assert hashed.startswith("$y$")
    for text in (plan.describe(), to_bytes(plan).decode(), repr(plan)):
        assert not any(secret in text for secret in ("correct horse", hashed, HASH))


def test_what_is_lost() -> None:
    on = machine("windows-dual-boot")
    data = kickstart(disks={"default": {"device": "/dev/nvme0n1"}})
    losses = plan_for(data, on).losses
    assert len(losses) == len(on.disks[0].partitions)
    assert '/dev/nvme0n1p3: 300 GiB ntfs "Windows" (Windows)' in losses


@pytest.mark.parametrize("path", sorted(MACHINES.glob("*.json")), ids=lambda path: path.stem)
def test_every_captured_machine_gets_a_plan_or_a_reason(path: Any) -> None:
    on = machine(path.stem)
    for device in ("/dev/sda", *(disk.path for disk in on.disks)):
        for mode in ("efi", "bios", "dual"):
            data = kickstart(disks={"default": {"device": device}}, boot={"mode": mode})
            try:
                plan = plan_for(data, on)
            except MachineUnfit:
                continue
            assert plan.disk.path == device
            assert unfit_reason(plan.disk) == ""


# Any kickstart that is sound, on any machine that can be.

TEXTS = st.text(max_size=20)
SERIALS = st.sampled_from(["S1", "S2", "S3"])
PATHS = st.sampled_from(["/dev/sda", "/dev/sdb", "/dev/nvme0n1"])
SIZE_TEXTS = st.sampled_from(["1 MiB", "1.5 GiB", "900 TiB"]) | st.integers(1 << 20, 1 << 50)
NAMES = st.from_regex(r"[a-z_][a-z0-9_-]{0,8}", fullmatch=True)
PASSWORDS = st.sampled_from([{"hash": HASH}, {"locked": True}])


def some(**values: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=values)


USERS = st.fixed_dictionaries(
    {"name": NAMES},
    optional={
        "full_name": TEXTS,
        "uid": st.integers(1000, 59999),
        "groups": st.lists(NAMES, max_size=3, unique=True),
        "sudo": st.sampled_from(["none", "password", "no_password"]),
        "password": PASSWORDS,
        "ssh_keys": st.just([KEY]),
    },
)
ETHERNETS = st.dictionaries(
    NAMES,
    some(
        dhcp4=st.booleans(),
        dhcp6=st.booleans(),
        addresses=st.lists(st.sampled_from(["192.0.2.5/24", "2001:db8::5/64"]), unique=True),
        mtu=st.integers(576, 9000),
    ),
    max_size=2,
)
MATCHES = some(
    path=PATHS | st.just("/dev/*"),
    transport=st.sampled_from(["sata", "nvme"]),
    size=some(min=SIZE_TEXTS).filter(bool),
    any_of=st.lists(some(serial=SERIALS, removable=st.booleans()), min_size=1, max_size=2),
)
DOCUMENTS = st.fixed_dictionaries(
    {
        "version": st.just(1),
        "disks": st.fixed_dictionaries(
            {
                "default": st.fixed_dictionaries({"serial": SERIALS})
                | st.fixed_dictionaries({"device": PATHS})
                | st.fixed_dictionaries({"match": MATCHES, "pick": st.just("smallest")})
            },
            optional={"other": st.fixed_dictionaries({"match": MATCHES})},
        ),
        "root": st.just({"ssh_keys": [KEY]}),
    },
    optional={
        "hostname": st.sampled_from(["a", "edge-01.example.net", "x" * 63]),
        "locale": st.sampled_from(["C.UTF-8", "de_DE.UTF-8", "ca_ES.UTF-8@valencia"]),
        "storage": some(
            wipe=st.sampled_from([[], ["other"]]),
            filesystem=st.sampled_from(["ext4", "btrfs"]),
            swap=st.fixed_dictionaries(
                {"kind": st.sampled_from(["none", "file", "partition"])},
                optional={"size": SIZE_TEXTS},
            ),
        ),
        "boot": some(
            mode=st.sampled_from(["efi", "bios", "dual"]),
            secure_boot=st.sampled_from(["required", "optional"]),
            kernel_arguments=st.lists(st.sampled_from(["a=b", "quiet"])),
            console=st.sampled_from(["ttyS0,115200n8", "hvc0", "ttyAMA0"]),
        ),
        "packages": some(
            set=st.sampled_from(["minimal", "full"]),
            kernel=st.sampled_from(["auto", "generic", "cloud"]),
        ),
        "network": st.fixed_dictionaries({"ethernets": ETHERNETS}),
        "users": st.lists(USERS, max_size=3),
        "services": st.dictionaries(
            st.sampled_from(["docker", "ssh.service", "getty@tty3", "no.timer"]),
            st.sampled_from(["enabled", "disabled", "masked"]),
        ),
        "scripts": some(post=st.lists(st.just({"run": ["true"]}), max_size=2)),
        "finish": some(on_success=st.sampled_from(["reboot", "hold"])),
    },
)
BYTES = st.integers(0, 1 << 44) | st.sampled_from([0, 2**31, 2**33])
PARTITIONS = st.builds(
    Partition,
    path=TEXTS,
    number=st.integers(1, 128),
    start=BYTES,
    size=BYTES,
    name=TEXTS,
    label=TEXTS,
    operating_system=TEXTS,
)
DISKS = st.builds(
    Disk,
    path=PATHS,
    size=BYTES,
    serial=SERIALS | st.just(""),
    model=TEXTS,
    transport=st.sampled_from(["", "sata", "virtio", "nvme", "image"]),
    logical_sector=st.sampled_from([512, 4096]),
    medium=st.booleans(),
    read_only=st.booleans(),
    in_use=st.just("") | TEXTS,
    table=st.sampled_from(["", "gpt", "dos"]),
    filesystem=st.sampled_from(["", "ext4"]),
    partitions=st.lists(PARTITIONS, max_size=2).map(tuple),
)
FIT_DISKS = st.builds(Disk, path=PATHS, size=st.integers(1 << 33, 1 << 44), serial=SERIALS)
CARDS = st.builds(NetworkInterface, name=NAMES, mac=TEXTS, driver=TEXTS)
LAYERS = st.builds(
    lambda kind, active, **rest: Layer(
        kind=kind, active=active and kind is not LayerKind.POOL, **rest
    ),
    kind=st.sampled_from(LayerKind),
    name=TEXTS,
    active=st.booleans(),
    parents=st.lists(PATHS | st.just("/dev/md0"), max_size=2).map(tuple),
    devices=st.lists(PATHS | st.just("/dev/md0"), max_size=2).map(tuple),
)
ANY_MACHINE = st.builds(
    Machine,
    firmware=st.builds(
        Firmware, mode=st.sampled_from(FirmwareMode), secure_boot=st.sampled_from(SecureBoot)
    ),
    memory=BYTES,
    virtualization=st.sampled_from(["none", "kvm", "oracle"]),
    disks=st.lists(DISKS | FIT_DISKS, max_size=3).map(tuple),
    interfaces=st.lists(CARDS, max_size=2).map(tuple),
    layers=st.lists(LAYERS, max_size=3).map(tuple),
)
PAYLOADS = st.sampled_from([INDEX, PayloadIndex(source="/x", edition="none", trees=())])
# One that fits most kickstarts, so that it also comes to plans.
FIT_MACHINE = st.builds(
    small_machine,
    disk=st.just("/dev/sda"),
    size=st.integers(1 << 33, 1 << 44),
    serial=st.just("S1"),
    model=TEXTS,
    partitions=st.lists(PARTITIONS, max_size=2).map(tuple),
)
FIT_DOCUMENTS = DOCUMENTS.map(
    lambda data: {**data, "disks": {"default": {"serial": "S1"}}, "network": {"ethernets": {}}}
)


@settings(max_examples=60, deadline=None, print_blob=True)
@given(data=DOCUMENTS, on=ANY_MACHINE, index=PAYLOADS)
def test_a_plan_or_a_reason_never_a_traceback(
    data: dict[str, Any], on: Machine, index: PayloadIndex
) -> None:
    look(data, on, index)


@settings(max_examples=60, deadline=None, print_blob=True)
@given(data=FIT_DOCUMENTS, on=FIT_MACHINE)
def test_a_plan_for_most(data: dict[str, Any], on: Machine) -> None:
    event("plan" if look(data, on, INDEX) else "reason")


def look(data: dict[str, Any], on: Machine, index: PayloadIndex) -> bool:
    """Whether there is a plan; what must be true of it, or of the reason."""
    made: InstallPlan | InstallerError
    try:
        made = api.prepare(Document(data=data), on, index, seed=SEED)
    except InstallerError as error:
        made = error
    unsound = bool(api.check(data))
    if isinstance(made, InstallerError):
        assert made.exit_code == (ExitCode.KICKSTART if unsound else ExitCode.MACHINE)
        assert str(made)
        return False
    assert not unsound
    look_at(made)
    return True


def look_at(plan: InstallPlan) -> None:
    """What is true of every plan."""
    assert json.loads(json.dumps(plan.to_json()))["tree"] == plan.tree.name
    assert plan.describe().endswith("\n")
    assert unfit_reason(plan.disk) == ""
    for action in actions_of(plan):
        assert action.weight > 0
        assert action.describe()
