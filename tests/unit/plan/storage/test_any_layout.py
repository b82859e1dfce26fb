"""Any layout on any machine: a plan of which everything is true, or a reason, and soon."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from installer import api
from installer.actions.bios import EmbedBiosGrub
from installer.actions.esp import WriteEsp
from installer.errors import MachineUnfit
from installer.machine import Machine
from installer.plan.model import InstallPlan
from ks_schema import Document
from tests.engine import MACHINES, actions_of, machine, payload
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
        event("reason")
        assert str(error)  # noqa: PT017
        return None
    event("plan")
    secrets = (worlds.PASSPHRASE, *(key.reveal() for key in plan.recovery_keys))
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
    planned(data, on)
