"""Composes the places that the events of an installation go to: the one place that does."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from installer.engine.sinks.lines import json_lines, log_lines, tee
from installer.engine.sinks.places import Listener
from installer.engine.sinks.slow import SlowSink
from installer.events import EVENTS_NAME, LOG_NAME, Emit, Event, Message
from installer.system.private import private_directory, private_text


def to_nobody(_event: Event) -> None:
    """A sink for events that nobody wants."""


@contextmanager
def event_sinks(
    work: Path, emit: Emit = to_nobody, listeners: Iterable[Listener] = ()
) -> Iterator[Emit]:
    """One sink for all: the journal in ``work``, ``emit``, and listeners that may be slow.

    The journal is complete whatever the others do. At the end the queues are emptied, and the log
    gets the number of events that a listener has missed.

    :raises CommandFailed: the place of a required listener cannot be opened.
    """
    with open_journal(work) as journal:
        slow = [SlowSink(each) for each in listeners]
        everywhere = tee(journal, emit, *slow)

        def pass_on(event: Event) -> None:
            everywhere(event)
            _report(slow, everywhere)

        try:
            for each in slow:
                each.await_open()
            yield pass_on
        finally:
            for each in slow:
                each.close()
            _report(slow, tee(journal, emit))


@contextmanager
def open_journal(work: Path) -> Iterator[Emit]:
    """The log and the JSON lines of an installation, in new files in ``work``."""
    private_directory(work)
    with (
        private_text(work / LOG_NAME, errors="backslashreplace") as log,
        private_text(work / EVENTS_NAME, errors="backslashreplace") as events,
    ):
        yield tee(log_lines(log), json_lines(events))


def _report(slow: Iterable[SlowSink], emit: Emit) -> None:
    for each in slow:
        if text := each.news():
            emit(Message(level="warning", text=text))
