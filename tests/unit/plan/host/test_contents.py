"""What a kickstart asks of the host's files is compared with those that the payload has."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from installer.actions.host.services import SetUnits
from installer.errors import MachineUnfit
from installer.payload.index import PayloadIndex
from ks_schema import Problem
from tests.engine import KEY, actions_of, kickstart, payload, plan_for, small_machine

ON = small_machine("/dev/vda")


def refusals(index: PayloadIndex | None = None, **more: Any) -> list[Problem]:
    try:
        plan_for(kickstart(**more), ON, index)
    except MachineUnfit as error:
        return list(error.problems)
    return []


def only(index: PayloadIndex | None = None, **more: Any) -> tuple[str, str, str]:
    (problem,) = refusals(index, **more)
    return problem.pointer, problem.message, problem.hint


def without(**contents: Any) -> PayloadIndex:
    """The index, with other contents in every tree."""
    trees = (replace(each, contents=replace(each.contents, **contents)) for each in payload().trees)
    return replace(payload(), trees=tuple(trees))


@pytest.mark.parametrize(
    "unit", ["docker", "docker.service", "fstrim.timer", "getty@tty7", "getty@", "docker.socket"]
)
def test_a_unit_of_the_tree_is_enabled(unit: str) -> None:
    assert refusals(services={unit: "enabled"}) == []


@pytest.mark.parametrize("unit", ["dokcer", "podman.socket", "tty@1", "bluetooth"])
def test_a_unit_that_is_not_there_is_not_enabled(unit: str) -> None:
    pointer, message, _ = only(services={unit: "enabled"})
    assert (pointer, "has no unit" in message) == (f"/services/{unit}", True)


@pytest.mark.parametrize("unit", ["cryptdisks", "systemd-firstboot"])
def test_a_unit_that_the_payload_masks_is_not_enabled(unit: str) -> None:
    pointer, message, _ = only(services={unit: "enabled"})
    assert (pointer, message) == (f"/services/{unit}", f"minimal-cloud masks {unit}.service")


def test_a_template_is_enabled_with_a_name_only() -> None:
    pointer, _, hint = only(services={"serial-getty@": "enabled"})
    assert (pointer, hint) == (
        "/services/serial-getty@",
        "name one, like serial-getty@NAME.service",
    )
    assert refusals(services={"serial-getty@ttyS1": "enabled"}) == []


@pytest.mark.parametrize(
    ("state", "later"),
    [
        ("masked", "one that is installed later stays off"),
        ("disabled", "there is nothing to disable"),
    ],
)
@pytest.mark.parametrize("unit", ["bluetooth.service", "no-such@one.timer"])
def test_a_unit_that_is_not_there_is_kept_from_starting(state: str, later: str, unit: str) -> None:
    plan = plan_for(kickstart(services={unit: state}), ON)
    assert f"minimal-cloud has no unit {unit}: {later}" in plan.defaults
    assert SetUnits(state=state, units=(unit,)) in actions_of(plan)


def test_a_unit_that_is_there_needs_no_note() -> None:
    plan = plan_for(kickstart(services={"docker": "masked"}), ON)
    assert not [line for line in plan.defaults if "docker" in line]


def test_an_index_without_names_is_believed() -> None:
    index = without(programs=None, keyboards=None, zones=None)
    trees = tuple(replace(each, units=frozenset()) for each in index.trees)
    bare = replace(index, trees=trees, locales=None)
    users = [{"name": "ops", "shell": "/usr/bin/fish", "ssh_keys": [KEY]}]
    more = {"services": {"x": "enabled"}, "keyboard": "de", "locale": "de_DE.UTF-8"}
    assert refusals(bare, users=users, timezone="Asia/Kolkata", **more) == []


def test_names_of_the_region_are_those_of_the_tree() -> None:
    index = without(keyboards=frozenset({"de"}), zones=frozenset({"Europe/Paris"}))
    index = replace(index, locales=frozenset({"de_DE"}))
    assert refusals(index, keyboard="de", timezone="Europe/Paris", locale="de_DE.UTF-8") == []
    assert refusals(index) == []
    found = refusals(index, keyboard="de(neo)", timezone="Europe/Rome", locale="fr_FR.UTF-8")
    assert [each.pointer for each in found] == ["/keyboard", "/timezone", "/locale"]


def test_a_set_without_keyboards_has_the_kernels() -> None:
    assert refusals(without(keyboards=frozenset())) == []
    assert only(without(keyboards=frozenset()), keyboard="de")[0] == "/keyboard"


@pytest.mark.parametrize("shell", ["/bin/bash", "/usr/bin/sh", "/usr/sbin/nologin", "/bin/false"])
def test_a_shell_of_the_tree(shell: str) -> None:
    assert refusals(users=[{"name": "ops", "shell": shell}]) == []


def test_a_shell_that_is_not_there_is_refused() -> None:
    users = [{"name": "ops", "shell": "/bin/zsh"}]
    pointer, message, _ = only(users=users)
    assert pointer == "/users/0/shell"
    assert message == "minimal-cloud has no /bin/zsh: ops could not log in"
    assert only(users=[{"name": "ops", "shell": "/bin/nologin"}])[2] == (
        "it is /usr/sbin/nologin there"
    )


def test_a_script_may_install_a_shell() -> None:
    scripts = {"post": [{"run": ["apt-get install -y zsh"]}]}
    plan = plan_for(kickstart(users=[{"name": "ops", "shell": "/bin/zsh"}], scripts=scripts), ON)
    assert [line for line in plan.defaults if "has no /bin/zsh" in line]


@pytest.mark.parametrize(
    "first",
    [
        "#!/bin/sh",
        "#! /usr/bin/bash -e",
        "#!/usr/bin/env bash",
        "#!/usr/bin/env -S A=b bash -e",
        "echo hello",
        "#!/opt/own/thing",
    ],
)
def test_a_script_that_can_run(first: str) -> None:
    assert refusals(scripts={"post": [{"run": [first]}]}) == []


@pytest.mark.parametrize(
    ("first", "program"),
    [
        ("#!/usr/bin/ruby", "/usr/bin/ruby"),
        ("#!/usr/bin/env ruby", "ruby"),
        ("#!/usr/bin/env -S ruby -w", "ruby"),
        ("#!/bin/zsh -e", "/bin/zsh"),
        ("#!/usr/local/bin/bash", "/usr/local/bin/bash"),
    ],
)
def test_a_script_whose_interpreter_is_not_there(first: str, program: str) -> None:
    pointer, message, _ = only(scripts={"post": [{"run": [first]}]})
    assert pointer == "/scripts/post/0/run/0"
    assert message == f"minimal-cloud has no {program} to run this script"


def test_the_first_script_may_install_what_the_second_needs() -> None:
    post = [{"run": ["apt-get install -y ruby"]}, {"run": ["#!/usr/bin/ruby", "puts 1"]}]
    assert refusals(scripts={"post": post}) == []


def test_what_no_tree_has_is_not_switched_on_by_itself() -> None:
    trees = tuple(replace(each, units=each.units - {"ssh.service"}) for each in payload().trees)
    plan = plan_for(kickstart(root={"ssh_keys": [KEY]}), ON, replace(payload(), trees=trees))
    assert not [each for each in actions_of(plan) if isinstance(each, SetUnits)]


def test_time_servers_need_a_payload_that_asks_them() -> None:
    said = {"servers": ["ntp.example.net"]}
    assert refusals(ntp=said) == []
    trees = (
        replace(each, units=each.units - {"systemd-timesyncd.service"}) for each in payload().trees
    )
    index = replace(payload(), trees=tuple(trees))
    pointer, message, _ = only(index, ntp=said)
    assert (pointer, "has no systemd-timesyncd" in message) == ("/ntp", True)
    assert refusals(index) == []
