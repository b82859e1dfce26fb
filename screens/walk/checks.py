"""When the answers are checked: beside the keys, once nobody types."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

from installer.errors import InstallerError
from screens.walk.flow import Walk
from screens.worker import Worker

# So long nothing is typed before the check begins.
PAUSE = 0.15


class Checks:
    """Has the walk checked in a thread."""

    def __init__(self, walk: Walk, worker: Worker) -> None:
        self._later: Callable[[float, Callable[[], None]], None] | None = None
        self._walk = walk
        self._worker = worker
        self._waiting = self._running = False
        self._changed = 0.0
        self._then: Callable[[], None] | None = None

    def run_on(self, later: Callable[[float, Callable[[], None]], None]) -> None:
        """From now on there is a main loop: ``later`` calls something after some seconds."""
        self._later = later
        self._wait(PAUSE)

    @property
    def awaited(self) -> bool:
        """Something waits for what the check will say."""
        return self._then is not None

    def then(self, call: Callable[[], None]) -> None:
        """Call it once nothing is left to check, which may be now."""
        if self._walk.stale:
            self._then = call
            self.begin()
        else:
            call()

    def changed(self) -> None:
        """Something was typed: check it after a pause."""
        self._changed = time.monotonic()
        self._wait(PAUSE)

    def begin(self) -> None:
        """Check now, beside what is shown, if there is anything to check."""
        if not self._walk.stale or self._running:
            return
        self._running = True
        job = self._walk.check_job()

        def done(result: object) -> None:
            self._running = False
            job.done(result)
            self._checked()

        def failed(error: InstallerError) -> None:
            self._running = False
            job.failed(error)
            self._checked()

        self._worker.start(replace(job, done=done, failed=failed))

    def _checked(self) -> None:
        if self._walk.stale and self._then:
            self.begin()
        elif self._walk.stale:
            self._wait(PAUSE)
        elif call := self._then:
            self._then = None
            call()

    def _wait(self, seconds: float) -> None:
        if self._later and not self._waiting:
            self._waiting = True
            self._later(seconds, self._due)

    def _due(self) -> None:
        self._waiting = False
        left = self._changed + PAUSE - time.monotonic()
        if left > 0:
            self._wait(left)
        else:
            self.begin()
