"""Several consoles: the first that answers has the session, another one can take it over."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import subprocess
import threading
import time
from pathlib import Path

import pytest

from installer.errors import CommandFailed
from installer.events import Progress, event_to_json
from screens import session as sessions
from screens.session import Follower, Holder, Paths, Session
from tests.screens.conftest import Walk
from tests.screens.test_key_path import drain_until
from tests.screens.test_progress import BEGIN, END, started, until
from tests.screens.walker import Walker


def answering(walker: Walker) -> Walker:
    """Give the first answer."""
    return walker.go("host").type("x")


def name(holder: Holder | None) -> str:
    return holder.name if holder else ""


def test_the_second_console_follows_and_goes_on_when_the_first_leaves(
    walk: Walk, tmp_path: Path
) -> None:
    first, second = answering(walk(console="ttyS0")), walk(console="tty1")
    second.app.tick()
    assert second.id == "following"
    assert "This machine is being set up from ttyS0" in second.screen
    assert "Enter Take over" in second.lines[-1]
    first.app.session.set_busy(busy=True)
    events = [*BEGIN, Progress(fraction=0.75)]
    lines = "".join(json.dumps({"time": 1, **event_to_json(event)}) + "\n" for event in events)
    (tmp_path / "events.jsonl").write_text(lines + '{"event": "half a li')
    second.app.tick()
    assert "This machine is being installed from ttyS0" in second.screen
    assert " 75 %" in second.screen
    assert "[x] Partition the disk" in second.screen
    second.keys("enter", "f10", "esc", "f3")
    assert second.id == "following"
    assert second.app.widget.dialog is None
    first.app.session.release()
    second.app.tick()
    assert second.id == "welcome"
    second.keys("enter")
    assert second.id == "disk"


def test_enter_alone_locks_nobody_out(walk: Walk) -> None:
    """What a noisy line sends is no answer."""
    first, second = walk(console="ttyS0"), walk(console="tty1")
    first.keys(*["enter"] * 5)
    assert first.id == "network"
    second.app.tick()
    assert second.id == "welcome"
    answering(second)
    assert second.app.session.held
    first.app.tick()
    assert first.id == "following"


def test_what_is_typed_without_the_session_is_no_answer(walk: Walk) -> None:
    first, second = walk(console="ttyS0"), walk(console="tty1").go("host")
    answering(first)
    second.type("x")
    assert second.id == "following"
    assert second.app.walk.draft.hostname == "photon"


def test_a_second_console_takes_over_after_a_question(walk: Walk) -> None:
    first, second = answering(walk(console="ttyS0")), walk(console="tty1")
    second.app.tick()
    second.keys("enter")
    assert "Take over from ttyS0?" in second.screen
    assert "The last key was pressed there less than a minute ago." in " ".join(
        second.screen.split()
    )
    second.keys("enter")
    assert first.app.session.held, "the harmless button is the default"
    second.keys("enter", "tab", "enter")
    assert "Waiting for ttyS0" in second.lines[-1]
    first.app.tick()
    assert first.id == "following"
    first.keys("x")
    assert first.id == "following", "it leaves the other one the time to take it"
    second.app.tick()
    assert second.app.session.held
    assert second.id == "welcome"
    # The answers stay where they were given, and come back with the session.
    first.app.tick()
    assert "being set up from tty1" in first.screen
    second.app.session.release()
    first.app.session._given = ("", 0.0)
    first.app.tick()
    assert first.id == "host"
    assert first.app.walk.draft.hostname == "photonx"


def test_an_installation_is_not_taken_over(walk: Walk) -> None:
    hold = threading.Event()
    first = started(walk(console="ttyS0", script=(*BEGIN, END), hold=hold))
    other = Session(first.app._options.paths, "tty1")
    holder = other.owner()
    assert holder is not None
    assert holder.busy
    other.request()
    first.app.session.keep()
    assert first.app.session.held
    hold.set()
    first.app.worker.wait(5)
    until(first, "Photon is installed.")
    other.request()
    first.app.tick()
    assert first.id == "following", "once it is over, the other console may restart the machine"
    first.app._repaint()
    assert first.id == "following", "a repaint that was planned before does not show the end again"


def test_what_fails_here_is_not_shown_over_another_console(walk: Walk, tmp_path: Path) -> None:
    hold = threading.Event()
    walker = walk(keyboard_error=CommandFailed("no such layout"), keyboard_hold=hold)
    walker.app.walk.set("keyboard", "de")
    walker.app.widget.keypress(walker.size, "f10")
    drain_until(walker, lambda: "Loading the keyboard layout de..." in walker.screen)
    other = Session(Paths(folder=tmp_path), "ttyS0")
    assert other.take()
    walker.app.tick()
    hold.set()
    drain_until(walker, lambda: walker.app._busy is None)
    assert walker.id == "following"
    other.release()
    walker.app.tick()
    assert walker.id == "welcome"
    assert "no such layout" in walker.screen


def test_a_session_that_nobody_uses_is_free(walk: Walk, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = answering(walk(console="ttyS0")), walk(console="tty1")
    monkeypatch.setattr(sessions, "IDLE_SECONDS", 0.0)
    time.sleep(0.01)
    first.app.tick()
    assert not first.app.session.held
    assert first.id == "host"
    answering(second)
    assert second.app.session.held


def test_a_console_that_hangs_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("screens.takeover.PATIENCE", 0.0)
    paths = Paths(folder=tmp_path)
    child = subprocess.Popen(["sleep", "600"])
    lock = os.open(paths.lock, os.O_RDWR | os.O_CREAT)
    fcntl.flock(lock, fcntl.LOCK_EX)
    os.pwrite(lock, json.dumps(["ttyS0", child.pid, False, 0]).encode().ljust(200), 0)
    from screens.takeover import TakeOver  # noqa: PLC0415  (after the patience is gone)

    takeover = TakeOver(Session(paths, "tty1"))
    takeover.ask()
    time.sleep(0.01)
    assert not takeover.attempt()
    assert child.wait(5) == -signal.SIGKILL
    os.close(lock)
    assert takeover.attempt()


def test_the_welcome_gives_way_by_itself(walk: Walk) -> None:
    first, second = walk(console="ttyS0"), walk(console="tty1")
    answering(first)
    second.app.tick()
    assert second.id == "following"


def test_an_unattended_run_is_followed_too(walk: Walk, tmp_path: Path) -> None:
    with (tmp_path / "session.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        walker = walk()
        walker.app.tick()
        assert "being installed from an unattended run" in walker.screen
        walker.keys("enter")
        assert walker.app.widget.dialog is None, "it cannot be taken over"
    walker.app.tick()
    assert walker.id == "welcome"


def test_lock_is_taken_once(tmp_path: Path) -> None:
    one = Session(Paths(folder=tmp_path / "run"), "tty1")
    two = Session(Paths(folder=tmp_path / "run"), "ttyS0")
    assert name(one.owner()) == ""
    assert one.take()
    assert one.take()
    assert not two.take()
    assert (name(one.owner()), name(two.owner())) == ("", "tty1")
    one.release()
    assert name(two.owner()) == ""
    assert two.take()
    two.release()


@pytest.mark.parametrize("text", ["", "tty1", "[]", "[1, 2]", "{}", "\0\xff", '["a", "b", 1, 2]'])
def test_a_lock_of_whatever_text_is_followed(tmp_path: Path, text: str) -> None:
    paths = Paths(folder=tmp_path)
    with paths.lock.open("w") as lock:
        lock.write(text)
        lock.flush()
        fcntl.flock(lock, fcntl.LOCK_EX)
        holder = Session(paths, "tty1").owner()
    assert holder == Holder(name="an unattended run", busy=True)


def test_follower_begins_anew_with_a_new_file(tmp_path: Path) -> None:
    follower = Follower(Paths(folder=tmp_path))
    assert not follower.read()
    path = tmp_path / "events.jsonl"
    lines = [json.dumps(event_to_json(event)) for event in BEGIN]
    path.write_text("\n".join(lines) + "\nnot json\n")
    assert follower.read()
    assert not follower.read()
    assert follower.state.fraction == 0.5
    path.write_text(lines[0] + "\n")
    assert follower.read()
    assert follower.state.fraction == 0.0
