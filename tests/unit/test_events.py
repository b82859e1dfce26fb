"""Events: every kind goes to JSON and comes back."""

import json
from typing import get_args

import pytest

from installer.events import (
    ActionStarted,
    BootChecked,
    Event,
    Failed,
    Finished,
    Message,
    PhasePlanned,
    PhaseStarted,
    Progress,
    Started,
    event_from_json,
    event_text,
    event_to_json,
)

EVENTS: tuple[Event, ...] = (
    Started(
        disk="/dev/vda (8 GiB)",
        phases=(
            PhasePlanned(id="verify", title="Verify", weight=0.25),
            PhasePlanned(id="payload", title="Extract", weight=0.75),
        ),
    ),
    PhaseStarted(id="verify", title="Verify"),
    ActionStarted(phase="verify", description="verify “root.squashfs”"),
    Progress(fraction=0.5),
    Message(level="warning", text="two\nlines, ümläut, \x1b, \ud800"),
    BootChecked(
        boots=False,
        trust="this machine's firmware",
        enforced=True,
        findings=(("bad", "shim", "it is not signed", "Sign it."), ("good", "GRUB", "signed", "")),
    ),
    Finished(seconds={"verify": 1.5}, next="reboot"),
    Failed(exit_code=5, message="no", hint="", written=True, restored=True),
    Failed(exit_code=4, message="no", hint="", written=True),
)


def test_every_kind_is_here() -> None:
    assert {type(event) for event in EVENTS} == set(get_args(Event))


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
def test_there_and_back(event: Event) -> None:
    line = json.dumps({"time": 1.0, **event_to_json(event)})
    assert "\n" not in line
    assert event_from_json(json.loads(line)) == event


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
def test_only_progress_has_no_line(event: Event) -> None:
    assert bool(event_text(event)) != isinstance(event, Progress)


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"event": "exploded"},
        {"event": None},
        {"event": ["progress"]},
        {"event": "progress"},
        {"event": "started", "disk": "x", "phases": [{"id": "x"}]},
        {"event": "started", "disk": "x", "phases": 5},
        {"event": "phase_started", "id": "x", "title": {"title": "X"}},
        {"event": "progress", "fraction": [0.5]},
        {"event": "progress", "fraction": float("nan")},
        {"event": "progress", "fraction": 10**400},
        {"event": "finished", "seconds": {"a": "b"}, "next": "stay"},
        ["progress"],
        {"event": "boot_checked", "boots": True, "trust": "", "enforced": True, "findings": ["x"]},
    ],
)
def test_what_is_no_event(data: object) -> None:
    with pytest.raises(ValueError, match="event"):
        event_from_json(data)
