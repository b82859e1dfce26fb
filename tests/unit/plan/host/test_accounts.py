"""Users against the accounts, groups and shells that the payload has."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from installer.actions.host.files import WriteFile
from installer.config.read import from_document
from installer.errors import KickstartInvalid, MachineUnfit
from installer.payload.index import PayloadTree
from installer.plan.host.accounts import account_problems
from ks_schema import Document, Problem
from tests.engine import actions_of, kickstart, machine, payload, plan_for

TREE = replace(
    payload().trees[0],
    groups=frozenset({"docker", "clock", "_ssh"}),
    users=frozenset({"_daemon"}),
)


def found(tree: PayloadTree = TREE, **data: Any) -> tuple[Problem, ...]:
    return account_problems(from_document(Document(data=kickstart(**data))), tree)


@pytest.mark.parametrize("name", ["clock", "_ssh", "_daemon"])
def test_a_user_is_not_called_like_what_the_payload_has(name: str) -> None:
    (problem,) = found(users=[{"name": "ops"}, {"name": name}])
    assert problem.pointer == "/users/1/name"
    assert name in problem.message


def test_the_plan_refuses_it_before_anything_is_written() -> None:
    index = replace(
        payload(), trees=tuple(replace(each, groups=TREE.groups) for each in payload().trees)
    )
    with pytest.raises(MachineUnfit) as caught:
        plan_for(kickstart(users=[{"name": "clock"}]), machine("empty-virtio"), index)
    assert [each.pointer for each in caught.value.problems] == ["/users/0/name"]


def test_sudo_rules_of_similar_names_are_two_files() -> None:
    users = [
        {"name": name, "sudo": "no_password"} for name in ("first.last", "first_last", "first-last")
    ]
    made = actions_of(plan_for(kickstart(users=users), machine("empty-virtio")))
    paths = [each.path for each in made if isinstance(each, WriteFile) and "sudoers" in each.path]
    assert len(set(paths)) == 3
    assert not any("." in path.rpartition("/")[2] for path in paths)


@pytest.mark.parametrize("name", ["First", "1st", "a b", "a@b", "-a", ".a", "a" * 33, "a:b", "é"])
def test_names_that_useradd_or_the_host_refuse(name: str) -> None:
    with pytest.raises(KickstartInvalid) as caught:
        found(users=[{"name": name}])
    assert "small letter" in caught.value.problems[0].hint
