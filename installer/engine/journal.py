"""Where events go: a log for people and JSON lines for programs, each written as it happens."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Protocol

from installer.errors import CommandFailed
from installer.events import (
    EVENTS_NAME,
    LOG_NAME,
    Emit,
    Event,
    Message,
    event_text,
    event_to_json,
)
from installer.system.private import private_directory, private_text
from ks_schema.wording import json_line, printable_lines


class TextStream(Protocol):
    """What lines are written to."""

    def write(self, text: str, /) -> int:
        """Write a text."""

    def flush(self) -> None:
        """Let it go."""


def tee(*sinks: Emit) -> Emit:
    """One sink that passes each event on to all of them, in order.

    A sink that cannot be written to any more (a pipe that nobody reads, a full disk) is left out
    from then on: an installation does not fail for its listeners.
    """
    listening = list(sinks)

    def emit(event: Event) -> None:
        for sink in tuple(listening):
            try:
                sink(event)
            except (OSError, ValueError):  # ValueError: the stream is closed
                listening.remove(sink)

    return emit


def json_lines(stream: TextStream, clock: Callable[[], float] = time.time) -> Emit:
    """A sink that writes an event a line, with the ``time`` (seconds since 1970) of writing it."""

    def emit(event: Event) -> None:
        line = json_line({"time": round(clock(), 3), **event_to_json(event)})
        stream.write(line + "\n")
        stream.flush()

    return emit


def log_lines(stream: TextStream, *, level: str = "debug") -> Emit:
    """A sink for people: the lines of :func:`event_text`; ``level`` "info" leaves commands out."""

    def emit(event: Event) -> None:
        if isinstance(event, Message) and event.level == "debug" and level != "debug":
            return
        if text := event_text(event):
            stream.write(printable_lines(text) + "\n")
            stream.flush()

    return emit


@contextmanager
def open_journal(folder: Path) -> Iterator[Emit]:
    """The log and the JSON lines of an installation, begun anew in ``folder``."""
    private_directory(folder)
    with (
        private_text(folder / LOG_NAME, errors="backslashreplace") as log,
        private_text(folder / EVENTS_NAME, errors="backslashreplace") as events,
    ):
        yield tee(log_lines(log), json_lines(events))


@contextmanager
def event_file(path: str) -> Iterator[Emit]:
    """A sink that writes JSON lines to a file, a pipe or a serial port.

    :raises CommandFailed: it cannot be opened.
    """
    try:
        stream = private_text(Path(path), errors="backslashreplace", links=True)
    except OSError as error:
        raise CommandFailed(f"{path}: {error.strerror}", "Events cannot go there.") from error
    try:
        yield json_lines(stream)
    finally:
        # A reader that left early is not worth an error after the installation.
        with suppress(OSError):
            stream.close()
