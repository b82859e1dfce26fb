"""What takes long is done beside the keys, and what comes of it too late is dropped."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from installer.errors import InstallerError
from screens.worker import Job
from tests.screens.conftest import Walk
from tests.screens.test_editor import editing, row
from tests.screens.test_steps import with_password
from tests.screens.test_typing import Hands
from tests.screens.walker import Walker

SLOW = ("probe", "check", "plan", "layout", "hash", "load_keyboard", "save", "save_text")


class Gate:
    """Makes a method of the engine wait for :meth:`open`."""

    def __init__(self, walker: Walker, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
        self._opened = threading.Event()
        self.reached = threading.Event()
        real = getattr(walker.engine, name)

        def gated(*arguments: Any, **named: Any) -> Any:
            self.reached.set()
            assert self._opened.wait(10)
            return real(*arguments, **named)

        monkeypatch.setattr(walker.engine, name, gated)

    def open(self) -> None:
        self._opened.set()


def drain_until(walker: Walker, reached: Callable[[], bool]) -> None:
    """As the main loop does, until what is waited for is there; work may go on beside it."""
    deadline = time.monotonic() + 10
    while not reached():
        if walker.app.worker.drain():
            walker.app.refresh()
        assert time.monotonic() < deadline, walker.screen


@pytest.fixture
def key_path(monkeypatch: pytest.MonkeyPatch) -> Callable[[Walker], list[str]]:
    """``key_path(walker)`` lists the slow methods that are called where keys are handled."""

    def watch(walker: Walker) -> list[str]:
        found: list[str] = []
        here = threading.current_thread()

        def watched(name: str) -> None:
            real = getattr(walker.engine, name)

            def call(*arguments: Any, **named: Any) -> Any:
                if threading.current_thread() is here:
                    found.append(name)
                return real(*arguments, **named)

            monkeypatch.setattr(walker.engine, name, call)

        for name in SLOW:
            watched(name)
        return found

    return watch


def test_no_key_waits_for_the_engine(walk: Walk, key_path: Callable[[Walker], list[str]]) -> None:
    walker = walk("two-empty-virtio")
    found = key_path(walker)
    walker.go("disk").keys(" ")
    walker = editing(walker)
    row(walker, "root").keys("e").fill("Size", "4 GiB").keys("f10")
    assert walker.id == "partitions"
    walker.keys("u", "r", "x", "u")
    row(walker, "vdb").keys("w")
    walker.keys("f10").go("boot")
    with_password(walker).go("review")
    assert "Data that will be lost" in walker.screen
    walker.field("< Save as kickstart >").keys("enter", "esc", "esc").go("review")
    assert found == []


def test_keys_wait_for_the_screen_that_they_are_for(
    walk: Walk, monkeypatch: pytest.MonkeyPatch
) -> None:
    walker = walk().go("host")
    gate = Gate(walker, "check", monkeypatch)
    hands = Hands(walker).take(*"-edge", "f10", *"correct horse", "tab", *"correct horse")
    assert walker.id == "host"
    assert walker.app.walk.draft.hostname == "photon-edge", "no letter comes behind Next"
    gate.open()
    hands.settle()
    assert walker.id == "accounts"
    assert walker.app.walk.draft.root_password.reveal() == "correct horse"
    assert "passwords differ" not in walker.screen


def test_keys_behind_a_refused_next_stay_on_the_screen(
    walk: Walk, monkeypatch: pytest.MonkeyPatch
) -> None:
    walker = walk().go("host")
    gate = Gate(walker, "check", monkeypatch)
    hands = Hands(walker).take(*"-bad-", "f10", "backspace", "f10")
    gate.open()
    hands.settle()
    assert walker.app.walk.draft.hostname == "photon-bad"
    assert walker.id == "accounts"


def test_a_check_that_takes_long_is_told_of(walk: Walk, monkeypatch: pytest.MonkeyPatch) -> None:
    walker = walk().go("host").type("-edge")
    alarms: list[Callable[[], None]] = []
    monkeypatch.setattr(walker.app, "_later", lambda _seconds, call: alarms.append(call))
    gate = Gate(walker, "check", monkeypatch)
    Hands(walker).take("x", "f10")
    assert "Checking..." not in walker.screen
    alarms[-1]()
    assert "Checking..." in walker.screen
    gate.open()
    walker.settle()
    assert walker.id == "accounts"
    alarms[-1]()
    assert "Checking..." not in walker.screen


def planning(walker: Walker) -> Job:
    """The work of the last screen, once it is planning."""
    with_password(walker).go("review")
    assert walker.app.walk.machine is not None
    return walker.app.walk._plan_job(walker.app.walk.machine)


def planned_for(walker: Walker) -> str:
    """The disk of the plan; "" while there is none."""
    plan = walker.app.walk.plan
    return plan.disk.path if plan else ""


def test_a_plan_for_answers_that_have_changed_is_dropped(walk: Walk) -> None:
    """It would erase the disk that was chosen before."""
    walker = walk("two-empty-virtio").go("disk").keys(" ")
    job = planning(walker)
    now = walker.keys("esc").app.walk
    first = now.draft.disk
    other = next(each.path for each in walker.engine.machine.disks if each.path != first)
    now.set("disk", other)
    job.done(job.run())
    assert planned_for(walker) == ""
    walker.settle()
    walker.go("review")
    assert planned_for(walker) == other


def test_a_refusal_of_answers_that_have_changed_is_dropped(walk: Walk) -> None:
    walker = walk()
    job = planning(walker)
    walker.app.walk.set("hostname", "other")
    job.failed(InstallerError("not any more"))
    assert walker.app.walk.error is None


def test_a_machine_that_was_looked_at_before_is_dropped(walk: Walk) -> None:
    now = walk().app.walk
    now.rescan()
    early = now.job()
    now.rescan()
    assert early is not None
    early.done(early.run())
    assert now.machine is None
    late = now.job()
    assert late is not None
    late.done(late.run())
    assert now.machine is not None


def test_a_password_is_hashed_beside_the_next_screens(
    walk: Walk, monkeypatch: pytest.MonkeyPatch
) -> None:
    walker = walk().go("boot")
    gate = Gate(walker, "hash", monkeypatch)
    walker.app.walk.set("menu_password", "correct horse")
    walker.app.walk.set("menu_password_again", "correct horse")
    walker.app.widget.keypress(walker.size, "f10")
    drain_until(walker, lambda: walker.id == "packages")
    walker.app.widget.keypress(walker.size, "f10")
    drain_until(walker, lambda: walker.id == "network")
    gate.open()
    walker.settle()
    assert walker.app.walk.draft.menu_hash


def test_an_edit_that_cannot_be_looked_at_is_told_of(
    walk: Walk, monkeypatch: pytest.MonkeyPatch
) -> None:
    walker = editing(walk("two-empty-virtio"))

    def broken(*_arguments: Any) -> None:
        raise InstallerError("the planner met something new")

    before = walker.app.walk.draft.custom
    row(walker, "vdb")
    monkeypatch.setattr(walker.engine, "layout", broken)
    walker.keys("w")
    assert "the planner met something new" in " ".join(walker.screen.split())
    assert walker.app.walk.draft.custom == before
    walker.keys("esc")
    assert walker.id == "partitions"


def test_moving_in_a_field_changes_no_answer(walk: Walk) -> None:
    walker = walk().go("host")
    before = walker.app.walk.draft
    walker.keys("left", "right", "home", "end", "down", "up")
    assert walker.app.walk.draft is before


def test_what_changes_before_the_loop_runs_is_checked_in_it(walk: Walk) -> None:
    walker = walk().go("host")
    checks = walker.app.checks
    checks.changed()
    alarms: list[Callable[[], None]] = []
    checks.run_on(lambda _seconds, call: alarms.append(call))
    walker.app.walk.set("hostname", "-bad-")
    assert len(alarms) == 1

    def checked() -> bool:
        while alarms:
            alarms.pop()()
        return not walker.app.walk.stale

    drain_until(walker, checked)
    assert "hostname" in walker.app.walk.problems()
