"""Several consoles: the first that goes on has the session, the others follow."""

from __future__ import annotations

import fcntl
import json
from pathlib import Path

from installer.events import Progress, event_to_json
from screens.session import Follower, Paths, Session
from tests.screens.conftest import Walk
from tests.screens.test_progress import BEGIN


def test_the_second_console_follows_and_takes_over(walk: Walk, tmp_path: Path) -> None:
    first, second = walk(console="ttyS0"), walk(console="tty1")
    first.keys("enter")
    assert first.id == "disk"
    second.keys("enter")
    assert second.id == "following"
    assert "being installed from ttyS0" in second.screen
    events = [*BEGIN, Progress(fraction=0.75)]
    lines = "".join(json.dumps({"time": 1, **event_to_json(event)}) + "\n" for event in events)
    (tmp_path / "events.jsonl").write_text(lines + '{"event": "half a li')
    second.app.tick()
    assert " 75 %" in second.screen
    assert "[x] Partition the disk" in second.screen
    second.keys("enter", "f10", "esc", "f3")
    assert second.id == "following"
    first.app.session.release()
    second.app.tick()
    assert second.id == "welcome"
    second.keys("enter")
    assert second.id == "disk"


def test_the_welcome_gives_way_by_itself(walk: Walk) -> None:
    first, second = walk(console="ttyS0"), walk(console="tty1")
    first.keys("enter")
    second.app.tick()
    assert second.id == "following"


def test_an_unattended_run_is_followed_too(walk: Walk, tmp_path: Path) -> None:
    with (tmp_path / "session.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        walker = walk()
        walker.app.tick()
        assert "being installed from an unattended run" in walker.screen
    walker.app.tick()
    assert walker.id == "welcome"


def test_lock_is_taken_once(tmp_path: Path) -> None:
    one = Session(Paths(folder=tmp_path / "run"), "tty1")
    two = Session(Paths(folder=tmp_path / "run"), "ttyS0")
    assert one.owner() == ""
    assert one.take()
    assert one.take()
    assert not two.take()
    assert (one.owner(), two.owner()) == ("", "tty1")
    one.release()
    assert two.owner() == ""
    assert two.take()
    two.release()


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
