"""One run of the installation beside the screens: the thread, its events, its outcome."""

from __future__ import annotations

import threading
from collections.abc import Callable
from queue import Empty, SimpleQueue

from installer.config.recovery import ShownOnce
from installer.errors import InstallerError
from installer.events import Event, Failed, Finished
from screens.engine import Engine, PlanView
from screens.progress import ProgressState, follow, log_lines
from screens.worker import Job


class Installation:
    """Runs the engine in a thread and folds its events, in the main loop, into a state.

    ``wake`` is called in the thread once there is something to :meth:`drain`; a renderer that
    does not look for it by itself sets it.
    """

    def __init__(self, engine: Engine, plan: PlanView) -> None:
        self.state = ProgressState()
        self.log: list[str] = []
        self.over = False
        self._engine = engine
        self._plan = plan
        self.wake: Callable[[], None] = lambda: None
        self._cancel = threading.Event()
        self._events: SimpleQueue[Event] = SimpleQueue()

    def job(self) -> Job:
        """The work for the thread."""
        return Job(title="The installation", run=self._run, done=self._ended, failed=self._failed)

    def cancel(self) -> None:
        """Ask the engine to stop and to undo what can be undone."""
        self._cancel.set()

    def drain(self) -> None:
        """Take in the events that have come."""
        while True:
            try:
                event = self._events.get_nowait()
            except Empty:
                return
            self._take(event)

    @property
    def shown_once(self) -> tuple[ShownOnce, ...]:
        """What is to be shown once, now that the host is installed."""
        return self._plan.shown_once

    def _run(self) -> None:
        self._engine.install(self._plan, self._emit, self._cancel.is_set)

    def _emit(self, event: Event) -> None:
        self._events.put(event)
        self.wake()

    def _take(self, event: Event) -> None:
        self.state = follow(self.state, event)
        self.log += log_lines(event)

    def _ended(self, _result: object) -> None:
        self.drain()
        if self.state.outcome is None:
            self._take(Finished(seconds={}, next=""))
        self.over = True

    def _failed(self, error: InstallerError) -> None:
        written = bool(self.state.action)
        self.drain()
        if not isinstance(self.state.outcome, Failed):
            failed = Failed(
                exit_code=int(error.exit_code),
                message=error.message,
                hint=error.hint,
                written=written or bool(self.state.action),
            )
            self._take(failed)
        self.over = True
