"""Where an earlier host is looked for, and with which passphrases."""

from typing import Any

from installer.actions.host.identity import FindIdentity, RestoreIdentity
from installer.plan.model import InstallPlan
from installer.secret import Secret
from tests.engine import actions_of, kickstart, machine, plan_for

BOTH = ["ssh_host_keys", "machine_id"]


def found(plan: InstallPlan) -> FindIdentity:
    (action,) = (each for each in actions_of(plan) if isinstance(each, FindIdentity))
    return action


def plan_over_stack(**storage: Any) -> InstallPlan:
    disks = {"default": {"device": "/dev/sda"}, "second": {"device": "/dev/sdb"}}
    said = {"mirror": ["second"], "preserve": BOTH, **storage}
    return plan_for(kickstart(disks=disks, storage=said), machine("two-sata-md-lvm-luks"))


def test_it_comes_before_anything_is_stopped() -> None:
    plan = plan_over_stack()
    phase = next(each for each in plan.phases if each.id == "partition")
    assert isinstance(phase.actions[0], FindIdentity)


def test_what_is_active_is_looked_at_as_it_is() -> None:
    """Not the disks below it, nor what swap space or another volume lies on."""
    assert found(plan_over_stack()).volumes == ("/dev/sda1", "/dev/sdb1", "/dev/mapper/vg0-root")


def test_only_what_is_lost_is_looked_at() -> None:
    data = kickstart(
        disks={"default": {"device": "/dev/sda"}},
        storage={"preserve": ["machine_id"], "containers": {"preserve": True}},
    )
    action = found(plan_for(data, machine("earlier-photon")))
    assert action.volumes == ("/dev/sda1", "/dev/sda2")
    assert action.things == ("machine_id",)


def test_the_passphrase_of_the_kickstart_opens_what_is_there() -> None:
    plan = plan_over_stack(encryption={"passphrase": {"plain": "correct horse"}})
    assert found(plan).passphrases == (Secret("correct horse"),)
    assert "correct horse" not in str(plan.to_json())


def test_without_the_key_nothing_is_looked_for() -> None:
    plan = plan_over_stack(preserve=[])
    kinds = {type(each) for each in actions_of(plan)}
    assert not kinds & {FindIdentity, RestoreIdentity}
