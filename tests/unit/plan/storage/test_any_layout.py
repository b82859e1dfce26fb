"""Any layout on any machine: a plan of which everything is true, or a reason, and soon."""

from __future__ import annotations

import contextlib
import json
import time
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from installer import api
from installer.actions.boot.bios import EmbedBiosGrub
from installer.actions.boot.esp import WriteEsp
from installer.errors import InstallerError, KickstartInvalid, MachineUnfit
from installer.machine.facts import Firmware, FirmwareMode, Machine
from installer.plan.model import InstallPlan
from ks_schema import Document
from tests.engine import MACHINES, actions_of, machine, payload
from tests.renew_plans import PLANS, made_plan
from tests.unit.plan.storage import worlds
from tests.unit.plan.storage.truths import require_true

# A busy machine makes no test fail.
CALM = settings(
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
INDEX = payload()
CAPTURED = st.sampled_from(
    [path.stem for path in sorted(MACHINES.glob("*.json")) if machine(path.stem).disks]
).map(machine)
ON = worlds.machines() | CAPTURED


def planned(data: dict[str, Any], on: Machine) -> InstallPlan | None:
    """The plan for a sound kickstart, or None when this machine is not fit for it."""
    document = Document(data=data)
    assert api.problems(document) == ()
    try:
        plan = api.prepare(document, on, INDEX, seed="any")
    except MachineUnfit as error:
        assert str(error)  # noqa: PT017
        return None
    secrets = (worlds.PASSPHRASE, *(each.secret.reveal() for each in plan.shown_once))
    require_true(plan, on, secrets)
    again = api.prepare(document, on, INDEX, seed="any")
    assert json.dumps(plan.to_json()) == json.dumps(again.to_json())
    assert plan.describe() == again.describe()
    return plan


@settings(CALM, max_examples=250)
@given(ON.flatmap(lambda on: st.tuples(st.just(on), worlds.guided(on))))
def test_any_guided_layout(case: tuple[Machine, dict[str, Any]]) -> None:
    on, data = case
    plan = planned(data, on)
    event("plan" if plan else "reason")
    if plan is None:
        return
    mode, boot_disks = data["boot"]["mode"], 1 + len(data["storage"].get("mirror", ()))
    esps = sum(isinstance(each, WriteEsp) for each in actions_of(plan))
    cores = sum(isinstance(each, EmbedBiosGrub) for each in actions_of(plan))
    assert esps == (0 if mode == "bios" else boot_disks)
    assert cores == (0 if mode == "efi" else boot_disks)


@settings(CALM, max_examples=400)
@given(ON.flatmap(lambda on: st.tuples(st.just(on), worlds.custom(on))))
def test_any_custom_layout(case: tuple[Machine, dict[str, Any]]) -> None:
    on, data = case
    event("plan" if planned(data, on) else "reason")


# Storage with one thing changed: what is left of it may be anything.

GOLDEN = [
    (json.loads((folder / "kickstart.json").read_text("utf-8")), machine(name))
    for folder in sorted(PLANS.iterdir())
    if (name := (folder / "machine").read_text("utf-8").strip()) != "image"
    and "storage" in json.loads((folder / "kickstart.json").read_text("utf-8"))
]
WORDS = st.sampled_from(
    ["default", "root", "boot", "esp", "pv", "vg0/root", "/", "/boot", "/boot/efi", "/usr", "ext4",
     "btrfs", "vfat", "swap", "rest", "0 B", "1 B", "100%", "999%", "999999999999999 TiB", "gpt",
     "dos", "esp", "bios_boot", "c12a7328-f81f-11d2-ba4b-00a0c93ec93b", "thin", "thin_pool"]
)  # fmt: skip
JUNK: st.SearchStrategy[Any] = (
    WORDS
    | st.integers(-1, 1 << 62)
    | st.booleans()
    | st.none()
    | st.lists(WORDS, max_size=3)
    | st.dictionaries(WORDS, WORDS, max_size=2)
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The path of every value inside."""
    pairs = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    return [path, *(place for key, each in pairs for place in places(each, (*path, key)))]


def changed(value: Any, path: tuple[Any, ...], change: Any) -> Any:
    """The value with what ``change`` makes of that place; it may take the place away."""
    key, *rest = path
    copy = dict(value) if isinstance(value, dict) else list(value)
    if rest:
        copy[key] = changed(copy[key], tuple(rest), change)
    elif change is DELETE:
        del copy[key]
    else:
        copy[key] = change
    return copy


DELETE = object()
CHANGES = st.sampled_from(GOLDEN).flatmap(
    lambda case: st.tuples(
        st.just(case),
        st.lists(
            st.tuples(
                st.sampled_from([place for place in places(case[0]["storage"]) if place]),
                st.just(DELETE) | JUNK,
            ),
            min_size=1,
            max_size=3,
        ),
    )
)


@settings(CALM, max_examples=500)
@given(CHANGES)
def test_storage_with_something_changed(case: tuple[Any, list[tuple[Any, Any]]]) -> None:
    (data, on), changes = case
    storage = data["storage"]
    for place, change in changes:
        # An earlier change may have taken away what this one is about.
        with contextlib.suppress(KeyError, IndexError, TypeError):
            storage = changed(storage, place, change)
    try:
        plan = api.prepare(Document(data={**data, "storage": storage}), on, INDEX, seed="any")
    except (KickstartInvalid, MachineUnfit) as error:
        event(type(error).__name__)
        return
    event("plan")
    require_true(plan, on, ())


@pytest.mark.parametrize("folder", sorted(PLANS.iterdir()), ids=lambda folder: folder.name)
def test_everything_is_true_of_the_expected_plans(folder: Any) -> None:
    name = (folder / "machine").read_text("utf-8").strip()
    with contextlib.suppress(InstallerError):
        plan = made_plan(folder)
        image = Machine(firmware=Firmware(mode=FirmwareMode.EFI), memory=0, disks=plan.disks)
        require_true(plan, image if name == "image" else machine(name), (worlds.PASSPHRASE,))


def test_as_many_partitions_as_a_table_has() -> None:
    begin = time.monotonic()
    names = [f"p{number}" for number in range(126)]
    storage = {
        "layout": "custom",
        "partitions": {
            "esp": {"disk": "d0", "size": "512 MiB", "type": "esp"},
            "root": {"disk": "d0", "size": "20 GiB"},
            **{
                name: {"disk": "d0", "min_size": f"{at + 3} MiB", "max_size": f"{at * 7 + 9} GiB"}
                for at, name in enumerate(names)
            },
        },
        "filesystems": {
            "root": {"kind": "ext4", "mount": "/"},
            **{name: {"kind": "ext4", "mount": f"/data/{name}"} for name in names},
        },
    }
    on = machine("3tib-bios")
    on = replace(on, firmware=Firmware(mode=FirmwareMode.EFI))
    plan = planned(worlds.document(on, storage, "efi"), on)
    assert plan is not None
    assert len(plan.storage.disks[0].partitions) == 128
    assert time.monotonic() - begin < 20
