"""The log and the JSON lines."""

import io
import json
from pathlib import Path

from installer.engine.journal import (
    json_lines,
    log_lines,
    open_journal,
    tee,
)
from installer.events import EVENTS_NAME, LOG_NAME, Event, Message, Progress
from tests.engine import Told
from tests.unit.test_events import EVENTS


def test_json_lines_have_a_time_and_a_line_each() -> None:
    stream = io.StringIO()
    sink = json_lines(stream, clock=lambda: 12.3456)
    for event in EVENTS:
        sink(event)
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [line["time"] for line in lines] == [12.346] * len(EVENTS)


def test_the_log_of_level_info_leaves_commands_out() -> None:
    stream = io.StringIO()
    sink = log_lines(stream, level="info")
    for level in ("debug", "info", "warning"):
        sink(Message(level=level, text=level))
    sink(Progress(fraction=0.5))
    assert stream.getvalue() == "     info\n     warning: warning\n"


def test_the_journal_takes_any_text(tmp_path: Path) -> None:
    with open_journal(tmp_path / "new") as sink:
        for event in EVENTS:
            sink(event)
    log = (tmp_path / "new" / LOG_NAME).read_text("utf-8")
    assert log.endswith("no\nThe disk is as it was.\nno\nThe disk was written to.\n")
    assert len((tmp_path / "new" / EVENTS_NAME).read_bytes().splitlines()) == len(EVENTS)


def test_no_line_has_what_a_terminal_would_obey() -> None:
    hostile = Message(level="warning", text="a\x1b[2J\x9b\u202e\nb\tc")
    log, lines = io.StringIO(), io.StringIO()
    log_lines(log)(hostile)
    json_lines(lines)(hostile)
    assert log.getvalue() == "     warning: a\\u001b[2J\\u009b\\u202e\nb\tc\n"
    assert lines.getvalue().removesuffix("\n").isprintable()
    assert json.loads(lines.getvalue())["text"] == hostile.text


def test_a_listener_that_went_away_is_left_out() -> None:
    calls: list[str] = []

    def gone(_: Event) -> None:
        calls.append("gone")
        raise BrokenPipeError

    def closed(_: Event) -> None:
        calls.append("closed")
        raise ValueError("I/O operation on closed file")

    told = Told()
    sink = tee(gone, closed, told)
    sink(EVENTS[0])
    sink(EVENTS[1])
    assert calls == ["gone", "closed"]
    assert told.events == list(EVENTS[:2])
