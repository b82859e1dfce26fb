"""Events as lines: a log for people, and JSON lines for programs."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Protocol

from installer.events import Emit, Event, Message, event_text, event_to_json
from ks_schema.wording import json_line, printable_lines

# The line of an event, with its end; "" for an event that is left out.
Form = Callable[[Event], str]


class TextStream(Protocol):
    """What lines are written to."""

    def write(self, text: str, /) -> int:
        """Write a text."""

    def flush(self) -> None:
        """Let it go."""


def as_json(event: Event, clock: Callable[[], float] = time.time) -> str:
    """The event as JSON, with the ``time`` (seconds since 1970) at which it was emitted."""
    return json_line({"time": round(clock(), 3), **event_to_json(event)}) + "\n"


def as_text(event: Event, *, level: str = "debug") -> str:
    """The line of :func:`event_text`; ``level`` "info" leaves commands and their output out."""
    if isinstance(event, Message) and event.level == "debug" and level != "debug":
        return ""
    text = event_text(event)
    return printable_lines(text) + "\n" if text else ""


def line_sink(stream: TextStream, form: Form) -> Emit:
    """A sink that writes the line of each event at once."""

    def emit(event: Event) -> None:
        if line := form(event):
            stream.write(line)
            stream.flush()

    return emit


def json_lines(stream: TextStream, clock: Callable[[], float] = time.time) -> Emit:
    """A sink for programs."""
    return line_sink(stream, partial(as_json, clock=clock))


def log_lines(stream: TextStream, *, level: str = "debug") -> Emit:
    """A sink for people."""
    return line_sink(stream, partial(as_text, level=level))


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
