"""Long work beside the main loop: each job runs in a thread, its result comes back to the loop."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Any

from installer.errors import InstallerError


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """Work that takes long. ``title`` is shown while it runs.

    ``run`` is called in a thread; ``done`` with its result, or ``failed`` with its error, in the
    main loop.
    """

    title: str
    run: Callable[[], Any]
    done: Callable[[Any], None]
    failed: Callable[[InstallerError], None]

    def finish(self) -> Callable[[], None]:
        """Do the work here and now; calling what is returned gives its outcome to the walk."""
        try:
            result = self.run()
        except InstallerError as error:
            caught = error
            return lambda: self.failed(caught)
        except Exception as error:  # noqa: BLE001 - a thread's entry point: the loop shows the bug
            bug = InstallerError(
                f"{self.title} met a bug: {type(error).__name__}: {error}",
                "save the log and report it",
            )
            return lambda: self.failed(bug)
        return lambda: self.done(result)


class Worker:
    """Runs jobs in threads. ``notify`` wakes the main loop, which then calls :meth:`drain`."""

    def __init__(self) -> None:
        self.notify: Callable[[], None] = lambda: None
        self._posts: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._threads: list[threading.Thread] = []

    def start(self, job: Job) -> None:
        """Run the job in a thread of its own."""
        thread = threading.Thread(target=self._work, args=(job,), name=job.title, daemon=True)
        self._threads = [each for each in self._threads if each.is_alive()]
        self._threads.append(thread)
        thread.start()

    def post(self, call: Callable[[], None]) -> None:
        """Have the main loop call ``call``; may be used from any thread."""
        self._posts.put(call)
        self.notify()

    def drain(self) -> bool:
        """Make the calls that wait, in the main loop; True when there was any."""
        called = False
        while True:
            try:
                call = self._posts.get_nowait()
            except Empty:
                return called
            call()
            called = True

    @property
    def busy(self) -> bool:
        """A job runs now."""
        return any(thread.is_alive() for thread in self._threads)

    def wait(self, seconds: float) -> None:
        """Wait for the jobs that run now (for tests and for the line mode)."""
        for thread in self._threads:
            thread.join(seconds)

    def _work(self, job: Job) -> None:
        self.post(job.finish())
