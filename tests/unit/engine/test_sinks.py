"""Where events go: the log and the JSON lines, and listeners that are slow, dead or gone."""

from __future__ import annotations

import io
import json
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from installer.engine.sinks import slow
from installer.engine.sinks.compose import event_sinks, open_journal
from installer.engine.sinks.lines import as_json, as_text, json_lines, log_lines, tee
from installer.engine.sinks.places import Listener, Write, events_listener, output_listener
from installer.engine.sinks.slow import QUEUE_LIMIT, SlowSink
from installer.errors import CommandFailed
from installer.events import EVENTS_NAME, LOG_NAME, Event, Finished, Message, Progress
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


def note(number: int) -> Message:
    return Message(level="info", text=f"{number:06}" + "x" * 1000)


def texts(lines: str) -> list[str]:
    return [json.loads(line)["text"][:6] for line in lines.splitlines()]


@pytest.fixture
def pipe(tmp_path: Path) -> Path:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    return path


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A listener that takes nothing is given up after a moment."""
    monkeypatch.setattr(slow, "_LINE_SECONDS", 0.3)


@contextmanager
def reader(path: Path) -> Iterator[int]:
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@pytest.mark.usefixtures("impatient")
def test_a_pipe_that_nobody_reads_holds_nothing_up(pipe: Path, tmp_path: Path) -> None:
    """It takes 64 KiB and then no more; the queue takes 4 MiB, and the rest is counted."""
    count = 2 * QUEUE_LIMIT // 1000
    work = tmp_path / "work"
    longest = 0.0
    with reader(pipe):
        with event_sinks(work, listeners=[events_listener(str(pipe))]) as emit:
            for number in range(count):
                start = time.monotonic()
                emit(note(number))
                longest = max(longest, time.monotonic() - start)
            end = time.monotonic()
        assert time.monotonic() - end < 10
    assert longest < 10, "an event waited for the listener"
    log = (work / LOG_NAME).read_text("utf-8")
    assert f"warning: {pipe} drops events: they are not read, or too slowly" in log
    (line,) = [each for each in log.splitlines() if f"{pipe} dropped" in each]
    lost = int(line.split(" dropped ")[1].split()[0])
    # What the pipe itself holds has been written, and so is not lost; the warning is one more.
    assert count - 100 <= lost <= count + 1
    kept = [each for each in texts((work / EVENTS_NAME).read_text("utf-8")) if each.isdigit()]
    assert kept == [f"{number:06}" for number in range(count)]


@pytest.mark.usefixtures("impatient")
def test_a_pipe_that_is_never_opened_holds_nothing_up(pipe: Path, tmp_path: Path) -> None:
    start = time.monotonic()
    with event_sinks(tmp_path / "work", listeners=[events_listener(str(pipe))]) as emit:
        emit(note(1))
    assert time.monotonic() - start < 10
    assert f"{pipe} dropped 1 event:" in (tmp_path / "work" / LOG_NAME).read_text("utf-8")


def test_a_slow_reader_gets_everything_in_order(pipe: Path, tmp_path: Path) -> None:
    got: list[bytes] = []

    def read() -> None:
        with pipe.open("rb", buffering=0) as file:
            while data := file.read(20_000):
                got.append(data)
                time.sleep(0.005)

    thread = threading.Thread(target=read)
    thread.start()
    with event_sinks(tmp_path / "work", listeners=[events_listener(str(pipe))]) as emit:
        for number in range(1000):
            emit(note(number))
    thread.join(timeout=30)
    assert texts(b"".join(got).decode()) == [f"{number:06}" for number in range(1000)]
    assert "drop" not in (tmp_path / "work" / LOG_NAME).read_text("utf-8")


def test_a_reader_that_leaves_is_named_in_the_log(pipe: Path, tmp_path: Path) -> None:
    with event_sinks(tmp_path / "work", listeners=[events_listener(str(pipe))]) as emit:
        with reader(pipe):
            emit(note(0))
            time.sleep(0.1)
        for number in range(1, 100):
            emit(note(number))
            time.sleep(0.001)
    log = (tmp_path / "work" / LOG_NAME).read_text("utf-8")
    assert f"warning: {pipe} drops events: Broken pipe" in log
    assert "Broken pipe\n" in log.splitlines(keepends=True)[-1]


def test_the_file_is_complete(tmp_path: Path) -> None:
    place = tmp_path / "events"
    with event_sinks(tmp_path / "work", listeners=[events_listener(str(place))]) as emit:
        for number in range(3000):
            emit(note(number))
    assert texts(place.read_text("utf-8")) == [f"{number:06}" for number in range(3000)]
    journal = (tmp_path / "work" / EVENTS_NAME).read_text("utf-8")
    assert texts(journal) == texts(place.read_text("utf-8"))


@pytest.mark.parametrize("place", ["/no/such/directory/x", "/etc", "a\0b"])
def test_a_place_that_cannot_be_opened(place: str, tmp_path: Path) -> None:
    listeners = [events_listener(place)]
    with (
        pytest.raises(CommandFailed, match="Events cannot go there"),
        event_sinks(tmp_path / "work", listeners=listeners),
    ):
        pass
    optional = [events_listener(place, required=False)]
    told = Told()
    with event_sinks(tmp_path / "work", told, optional) as emit:
        emit(note(1))
    assert "drops events" in told.of(Message)[1].text


def test_the_end_always_fits() -> None:
    taken: list[str] = []
    free = threading.Event()

    @contextmanager
    def place() -> Iterator[Write]:
        free.wait(10)
        yield taken.append

    sink = SlowSink(Listener(name="x", place=place, form=as_json), limit=2500)
    for number in range(10):
        sink(note(number))
    sink(Finished(seconds={}, next="reboot"))
    free.set()
    sink.close()
    assert [json.loads(each)["event"] for each in taken] == ["message", "message", "finished"]
    assert sink.news().startswith("x dropped 8 events")
    assert sink.news() == ""


def test_a_single_lost_event_is_counted_too() -> None:
    sink = SlowSink(events_listener("/no/such/directory/x", required=False))
    sink.await_open()
    sink(note(1))
    assert sink.news() == "/no/such/directory/x drops events: No such file or directory"
    assert sink.news() == ""
    sink.close()
    assert sink.news().startswith("/no/such/directory/x dropped 1 event:")


def test_standard_output_is_written_by_its_descriptor(tmp_path: Path) -> None:
    with (tmp_path / "out").open("w", encoding="ascii") as stream:
        listener = output_listener(stream, as_text)
        with event_sinks(tmp_path / "work", listeners=[listener]) as emit:
            emit(Message(level="info", text="gr\u00fc\u00dfe"))
        assert not stream.closed
    assert (tmp_path / "out").read_text("ascii") == "     gr\\xfc\\xdfe\n"


def test_standard_output_without_a_descriptor(tmp_path: Path) -> None:
    stream = io.StringIO()
    with event_sinks(tmp_path / "work", listeners=[output_listener(stream, as_text)]) as emit:
        emit(Message(level="info", text="text"))
    assert stream.getvalue() == "     text\n"
