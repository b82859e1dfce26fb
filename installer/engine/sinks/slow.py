"""A sink for a place that may be slow, or that nobody reads: a bounded queue with a thread."""

from __future__ import annotations

import threading
import time
from collections import deque

from installer.engine.sinks.places import Listener
from installer.errors import CommandFailed
from installer.events import Event, Failed, Finished

# More characters than the events of an installation have: a place that is only slow misses none.
QUEUE_LIMIT = 4 << 20
# A pipe is opened when somebody reads it, which may be never.
_OPEN_SECONDS = 1.0
# At the end: how long a place may take for one line, and for all that are left.
_LINE_SECONDS = 5.0
_END_SECONDS = 60.0

# What the log says already of lost events.
_NOTHING, _FIRST, _TOTAL = range(3)


class SlowSink:
    """Passes events on to a listener in order; emitting returns at once, whatever that does.

    What does not fit into the queue is dropped and counted. The end of an installation always
    fits.
    """

    def __init__(self, listener: Listener, *, limit: int = QUEUE_LIMIT) -> None:
        self._listener = listener
        self._limit = limit
        self._changed = threading.Condition()
        # All below is read and written with the condition held.
        self._lines: deque[str] = deque()
        self._size = 0
        self._written = 0
        self._lost = 0
        self._reported = _NOTHING
        self._error = ""
        self._open = self._closing = self._ended = False
        # A daemon: one that waits for its place does not keep the program from ending.
        self._thread = threading.Thread(target=self._work, name="events", daemon=True)
        self._thread.start()

    def __call__(self, event: Event) -> None:
        """Emit an event."""
        line = self._listener.form(event)
        if not line:
            return
        with self._changed:
            fits = self._size + len(line) <= self._limit or isinstance(event, Finished | Failed)
            if self._ended or self._closing or not fits:
                self._lost += 1
                return
            self._lines.append(line)
            self._size += len(line)
            self._changed.notify_all()

    def await_open(self, seconds: float = _OPEN_SECONDS) -> None:
        """Wait a moment for the place to be opened; one that takes longer gets the events later.

        :raises CommandFailed: it cannot be opened, and is required.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._open or self._ended, seconds)
            if self._listener.required and self._error and not self._open:
                raise CommandFailed(
                    f"{self._listener.name}: {self._error}", "Events cannot go there."
                )

    def news(self) -> str:
        """What the log should say of events that are lost: when the first is, and how many at last.

        "" where it has been said, or none is.
        """
        with self._changed:
            due = _TOTAL if self._closing else _FIRST
            if not self._lost or self._reported >= due:
                return ""
            self._reported = due
            events = f"{self._lost} event{'s' if self._lost > 1 else ''}"
            count = f"dropped {events}" if self._closing else "drops events"
            why = self._error or "they are not read, or too slowly"
        return f"{self._listener.name} {count}: {why}"

    def close(self) -> None:
        """Let what is in the queue go, as long as the place takes it; the rest is lost."""
        end = time.monotonic() + _END_SECONDS
        with self._changed:
            self._closing = True
            self._changed.notify_all()
            while not self._ended and (self._open or self._lines):
                if time.monotonic() > end or not self._moves():
                    break
            self._lost += len(self._lines)
            self._lines.clear()

    def _moves(self) -> bool:
        """Whether a line is written, or the thread ends, in the time that a line may take."""
        written = self._written
        return self._changed.wait_for(lambda: self._ended or self._written > written, _LINE_SECONDS)

    def _work(self) -> None:
        try:
            with self._listener.place() as write:
                with self._changed:
                    self._open = True
                    self._changed.notify_all()
                while line := self._next():
                    write(line)
                    self._done(line)
        except (OSError, ValueError) as error:  # ValueError: not the name of a file
            with self._changed:
                self._error = getattr(error, "strerror", None) or str(error)
        finally:
            with self._changed:
                self._ended = True
                self._changed.notify_all()

    def _next(self) -> str:
        """The first line of the queue, which stays there until it is written; "" at the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._lines or self._closing)
            return self._lines[0] if self._lines else ""

    def _done(self, line: str) -> None:
        with self._changed:
            if self._lines:  # or else nobody waits for it any more
                self._lines.popleft()
            self._size -= len(line)
            self._written += 1
            self._changed.notify_all()
