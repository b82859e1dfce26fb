"""What the kickstart's check or the plan refuses is refused on the screen where it is typed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from installer import api
from installer.errors import MachineUnfit
from installer.machine.facts import Machine
from ks_schema import Document, Problem
from screens.engine import PlanView
from screens.forms import YES, SecretText, Text
from screens.full_screen.widgets.rows import LABEL_WIDTH, MARKER
from screens.walk.pages import STEPS, form_alone
from tests.engine import payload as real_payload
from tests.screens.conftest import Walk
from tests.screens.test_steps import static_network, with_password
from tests.screens.walker import Walker


def refusing(
    walker: Walker, monkeypatch: pytest.MonkeyPatch, pointer: str, *, when: tuple[str, Any]
) -> None:
    """Have the plan refuse a document in which a key has a value."""
    plan = walker.engine.plan
    key, value = when

    def unfit(document: Mapping[str, Any], machine: Machine, seed: str) -> PlanView:
        if document.get(key) == value:
            raise MachineUnfit([Problem(pointer=pointer, message="no such thing", hint="another")])
        return plan(document, machine, seed)

    monkeypatch.setattr(walker.engine, "plan", unfit)


@pytest.mark.parametrize(
    ("label", "text", "rule"),
    [
        ("Locale", "xx_XX.UTF-8", "xx_XX"),
        ("Locale", "de_DE", "UTF-8"),
        ("Time zone", "Mars/Base", "Mars/Base"),
        ("Time zone", "Berlin", "Europe/Berlin"),
        ("Host name", "-x", "no hyphen first"),
        ("Host name", "", ""),
    ],
)
def test_the_host_screen_refuses_what_the_check_refuses(
    walk: Walk, label: str, text: str, rule: str
) -> None:
    walker = walk().go("host").fill(label, text).keys("f10")
    assert walker.id == "host"
    assert f"> {label}" in walker.screen
    below = walker.screen.partition(f"> {label}")[2]
    assert "    ! " in below
    assert rule in " ".join(below.split())
    walker.keys(*["f10"] * 5)
    assert walker.id == "host"


@pytest.mark.parametrize(
    ("label", "text"),
    [
        ("IPv4 address", "192.0.2.5"),
        ("IPv4 address", "192.0.2.5/255.255.255.0"),
        ("IPv4 gateway", "10.0.0.1"),
        ("IPv6 address", "2001:db8::5"),
        ("DNS servers", "one.one"),
        ("Search domains", "a..b"),
    ],
)
def test_the_network_screen_refuses_what_the_check_refuses(
    walk: Walk, label: str, text: str
) -> None:
    walker = static_network(walk()).fill("IPv4 address", "192.0.2.5/24")
    walker.fill(label, text).keys("f10")
    assert walker.id == "network"
    assert "    ! " in walker.screen.partition(f"> {label}")[2]


@pytest.mark.parametrize(
    ("label", "text"),
    [
        ("User name", "root"),
        ("User name", "First.Last!"),
        ("SSH public key", "ssh-ed25519 AAAA"),
        ("Additional groups", "no,Such Group!"),
    ],
)
def test_the_accounts_screen_refuses_what_the_check_refuses(
    walk: Walk, label: str, text: str
) -> None:
    walker = with_password(walk()).fill("User name", "ops")
    walker.field("(*) Yes, with the user's").keys("down", " ")
    walker.fill(label, text).keys("f10")
    assert walker.id == "accounts"
    assert "    ! " in walker.screen.partition(f" {label}")[2]


def test_what_only_the_plan_refuses_is_refused_there_too(
    walk: Walk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Although nobody can log in yet, and no plan can be whole."""
    walker = walk()
    refusing(walker, monkeypatch, "/timezone", when=("timezone", "Europe/Paris"))
    walker.go("host").fill("Time zone", "Europe/Paris").keys("f10")
    assert walker.id == "host"
    assert "! no such thing - another" in walker.screen.partition("> Time zone")[2]
    walker.fill("Time zone", "UTC").keys("f10")
    assert walker.id == "accounts"


def test_what_is_wrong_elsewhere_hides_nothing(walk: Walk, monkeypatch: pytest.MonkeyPatch) -> None:
    walker = static_network(walk())
    refusing(walker, monkeypatch, "/timezone", when=("timezone", "Europe/Paris"))
    walker.fill("IPv4 address", "nothing").app.walk.set("timezone", "Europe/Paris")
    walker.settle()
    assert {"address4", "timezone"} <= set(walker.app.walk.problems())


def test_the_names_of_the_payload_are_asked(walk: Walk, monkeypatch: pytest.MonkeyPatch) -> None:
    walker = walk()

    def plan(document: Mapping[str, Any], machine: Machine, seed: str) -> PlanView:
        whole = real_payload()
        trees = tuple(
            replace(each, contents=replace(each.contents, zones=frozenset({"UTC"})))
            for each in whole.trees
        )
        few = replace(whole, trees=trees)
        return api.prepare(Document(data=document), machine, few, seed=seed)

    monkeypatch.setattr(walker.engine, "plan", plan)
    walker.go("host").fill("Time zone", "Antarctica/Troll").keys("f10")
    assert walker.id == "host"
    assert "    ! " in walker.screen.partition("> Time zone")[2]


def test_what_another_screen_may_solve_blocks_no_way_back_to_it(
    walk: Walk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that is too small for the larger set is no reason to be kept from choosing less."""
    walker = walk()
    large = {"set": "full", "kernel": "auto"}
    refusing(walker, monkeypatch, "/storage", when=("packages", large))
    walker.go("packages").field("(*) Minimal").keys("down", " ")
    with_password(walker).go("review")
    assert "The installation cannot start" in walker.screen
    assert "Storage: no such thing" in walker.screen
    for _ in range(6):
        walker.keys("esc")
    assert walker.id == "storage"
    walker.keys("f10", "f10")
    assert walker.id == "packages"
    walker.field("(*) Full").keys("up", " ").go("review")
    assert "Data that will be lost" in walker.screen


def test_choosing_fixed_addresses_leads_to_the_address(walk: Walk) -> None:
    """The interface is chosen already: what is typed next is the address."""
    walker = walk().go("network").field("(*) Automatic").keys("down", "enter")
    walker.type("192.0.2.5/24")
    assert walker.app.walk.draft.address4 == "192.0.2.5/24"


def test_an_interface_that_is_not_chosen_yet_is_asked_for(
    walk: Walk, monkeypatch: pytest.MonkeyPatch
) -> None:
    walker = walk().go("network")
    walker.app.walk.set("interface", "")
    walker.field("(*) Automatic").keys("down", "enter").type("1")
    assert walker.app.walk.draft.address4 == ""
    assert "No text field is selected" in walker.screen


def test_a_mirror_says_what_it_leaves_unused(walk: Walk) -> None:
    walker = walk("two-empty-nvme").go("disk").keys(" ").go("storage")
    walker.field("[ ] Mirror on nvme1n1")
    assert "! 857 GiB of /dev/nvme1n1 stay unused: an array takes as much of each" in walker.screen
    walker.app.session.release()
    same = walk("two-empty-virtio").go("disk").keys(" ").go("storage").field("[ ] Mirror on vdb")
    assert "stay unused" not in same.screen


@pytest.mark.parametrize(
    "answers",
    [
        {},
        {"encryption": YES, "swap": "file", "network": "static", "owner_keys": "made"},
        {"containers": "beside", "owner_keys": "given", "mok_certificate": "/x"},
    ],
    ids=["default", "made", "given"],
)
def test_no_label_and_no_hint_is_cut_off(walk: Walk, answers: dict[str, str]) -> None:
    walker = walk("windows-dual-boot", firmware={"tpm": "2"})
    walk_of = walker.app.walk
    for field, value in answers.items():
        walk_of.set(field, value)
    for step in STEPS[:-1]:
        for item in form_alone(step, walk_of._view()).items:
            if isinstance(item, Text | SecretText):
                assert len(item.label) < LABEL_WIDTH, item.label
            if isinstance(item, Text):
                room = 80 - len(" " + MARKER) - LABEL_WIDTH - len("[]  ") - item.width
                assert len(item.hint) <= room, f"{step.id}: {item.label}: {item.hint}"
