"""The review, saving, and the walk that gives the same plan as the kickstart it saves."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from installer.errors import MachineUnfit
from installer.machine.facts import Machine
from ks_schema import Document, Problem
from screens.engine import PlanView
from tests.screens.conftest import Walk
from tests.screens.test_steps import static_network, with_password
from tests.screens.walker import SEED, Walker

MACHINES = ("virtualbox", "two-sata-same-model", "empty-nvme", "empty-virtio", "windows-dual-boot")

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f ops@edge"


def reviewed(walker: Walker) -> Walker:
    walker.go("disk")
    if not walker.app.walk.draft.disk:
        walker.keys(" ")
    return with_password(walker).go("review")


def save(walker: Walker, path: Path) -> Walker:
    walker.field("< Save as kickstart >")
    walker.keys("enter").fill("File", str(path))
    return walker.keys("enter", "enter")


def test_review_names_the_disk_and_all_that_is_lost(walk: Walk) -> None:
    walker = reviewed(walk("windows-dual-boot"))
    plan = walker.app.walk.plan
    assert plan is not None
    text = " ".join(walker.screen.split())
    assert plan.disk.model in text
    assert plan.disk.serial in text
    assert "Data that will be lost:" in text
    for loss in plan.losses:
        assert " ".join(loss.split()) in text


def test_review_tells_what_was_chosen(walk: Walk) -> None:
    walker = walk("two-empty-nvme").go("disk").keys(" ").go("storage")
    for label in ("[ ] Encryption", "[ ] Recovery key", "[ ] Mirror on nvme1n1"):
        walker.field(label).keys(" ")
    walker.fill("Passphrase", "correct horse").keys("enter").type("correct horse").go("boot")
    walker.field("(*) None").keys("down", " ").field("[x] Enroll them").keys(" ")
    static_network(walker).fill("IPv4 address", "192.0.2.5/24")
    with_password(walker).fill("User name", "ops").fill("SSH public key", KEY)
    walker.field("(*) Yes, with the user's").keys("down", " ").go("review")
    walker.size = (80, 60)
    text = " ".join(walker.screen.partition("What you chose:")[2].split())
    for told in (
        "- Welcome: Keyboard layout: us - Storage: ",
        "- Storage: Layout: Use the entire disk; Encryption; Passphrase: set; Recovery key; Mirror",
        "Your own Secure Boot keys: Generate keys; Enroll them in this firmware: no; Enroll Micro",
        "- Packages and kernel: Package set: Minimal; Kernel: Automatic",
        "- Network: Fixed addresses; Interface: ",
        "IPv4 address: 192.0.2.5/24",
        "- Host: Host name: photon; Locale: C.UTF-8; Time zone: UTC",
        "- Root and user: Root password: set; User name: ops; SSH public key: ssh-ed25519 AAAAC",
        "(sudo): Yes, without asking Defaults used:",
    ):
        assert told in text, told
    assert "correct horse" not in text


def test_review_does_not_tell_what_was_not_said(walk: Walk) -> None:
    walker = reviewed(walk("empty-virtio"))
    walker.size = (80, 60)
    for label in ("sudo", "Swap space", "Serial console", "not set", "once more"):
        assert label not in walker.screen


def test_install_asks_for_the_name_of_the_disk(walk: Walk) -> None:
    walker = reviewed(walk()).keys("enter")
    assert "Everything on this disk will be lost" in walker.screen
    walker.keys("enter")
    assert "! Type sda to continue, or choose Cancel." in walker.screen
    walker.type("sdb").keys("enter")
    assert not walker.engine.installed
    walker.keys("backspace").type("a").keys("enter")
    assert walker.lines[0].startswith(" Photon installer  [review]")
    walker.keys("enter")
    assert [plan.seed for plan in walker.engine.installed] == [SEED]


def test_cancel_and_esc_do_not_install(walk: Walk) -> None:
    walker = reviewed(walk()).keys("enter", "esc")
    assert walker.id == "review"
    walker.keys("enter", "tab", "enter")
    assert walker.id == "review"
    assert not walker.engine.installed


@pytest.mark.parametrize("name", MACHINES)
def test_a_saved_walk_gives_the_same_plan(walk: Walk, tmp_path: Path, name: str) -> None:
    walker = reviewed(walk(name))
    path = tmp_path / "saved.json"
    save(walker, path)
    assert f"Saved as {path}"[:40] in walker.screen, walker.screen
    assert path.stat().st_mode & 0o777 == 0o600
    assert "correct horse" not in path.read_text("utf-8")
    assert_same_plan(walker, path)


def test_a_rich_walk_gives_the_same_plan(walk: Walk, tmp_path: Path) -> None:
    walker = walk("virtualbox").go("storage")
    walker.keys("shift tab", "down", "down", " ").go("packages")
    walker.field("(*) Minimal").keys("down", " ")
    static_network(walker).fill("IPv4 address", "192.0.2.5/24").fill("IPv4 gateway", "192.0.2.1")
    walker.fill("DNS servers", "192.0.2.53").go("host").fill("Host name", "edge-07")
    walker.go("accounts").fill("User name", "ops").fill("User's password", "correct horse")
    walker.keys("enter").type("correct horse").go("review")
    path = tmp_path / "saved.json"
    save(walker, path)
    document = json.loads(path.read_text("utf-8"))
    assert document["hostname"] == "edge-07"
    assert document["packages"]["set"] == "full"
    assert_same_plan(walker, path)


def assert_same_plan(walker: Walker, path: Path) -> None:
    saved = json.loads(path.read_text("utf-8"))
    machine = walker.app.walk.machine
    assert machine is not None
    again = walker.engine.plan(Document(data=saved).data, machine, SEED)
    assert again == walker.app.walk.plan


def test_errors_of_saving_are_shown(walk: Walk, tmp_path: Path) -> None:
    walker = reviewed(walk())
    save(walker, tmp_path / "missing" / "saved.json")
    assert "! Not saved:" in walker.screen
    walker.keys("enter")
    assert walker.id == "review"


def test_save_refuses_a_relative_path(walk: Walk) -> None:
    walker = reviewed(walk())
    save(walker, Path("saved.json"))
    text = "! Enter a volume and a name, like sdb1:photon.json, or an absolute path."
    assert text in " ".join(walker.screen.replace("|", " ").split())


def test_what_the_planner_refuses_is_shown_with_its_hint(
    walk: Walk, monkeypatch: pytest.MonkeyPatch
) -> None:
    walker = walk()

    def unfit(_document: object, _machine: Machine, _seed: str) -> PlanView:
        raise MachineUnfit([Problem(pointer="/storage", message="too small", hint="use less swap")])

    monkeypatch.setattr(walker.engine, "plan", unfit)
    reviewed(walker)
    assert "The installation cannot start" in walker.screen
    assert "! Storage: too small" in walker.screen
    assert "\n use less swap" in walker.screen
    assert "( Install )" in walker.screen
    walker.keys("f10")
    assert walker.id == "review"
    monkeypatch.undo()
    walker.keys("esc", "f10")
    assert "The installation cannot start" in walker.screen
    walker.keys("enter")
    assert "Data that will be lost" in walker.screen


def test_the_last_question_says_what_becomes_of_the_disks(walk: Walk) -> None:
    walker = walk("windows-dual-boot").go("storage")
    walker.field("(*) Use the entire disk").keys("down", " ")
    with_password(walker).go("review").keys("enter")
    assert "Photon goes into free space; existing partitions on this" in walker.screen
    assert "will change" not in walker.screen
    assert "serial 21070H480212" in walker.screen


def test_the_last_question_has_room_for_many_disks(walk: Walk) -> None:
    walker = walk("24-disks").go("disk").keys(" ")
    for letter in "bcdefgh":
        walker.app.walk.set(f"mirror:/dev/sd{letter}", "yes")
    walker.app.walk.set("containers", "/dev/sdi")
    reviewed(walker).keys("enter")
    assert "Everything on these 9 disks will be lost:" in walker.screen
    assert "and 1 more, see the review" in walker.screen
    assert "< Erase and install >" in walker.screen
