"""When a wait has lasted too long, on this machine and with what else it does."""

from __future__ import annotations

import time
from collections.abc import Callable

from tests.speed import slowness as measured_slowness


class Deadline:
    """A time limit in seconds of the reference machine.

    A slower machine gets more, and so does one that has become slower meanwhile: that is measured
    again (by ``measure``) before the limit counts as passed.
    """

    def __init__(
        self,
        seconds: float,
        *,
        slowness: float = 1.0,
        measure: Callable[[], float] = measured_slowness,
    ) -> None:
        self._seconds = seconds
        self._measure = measure
        self._began = time.monotonic()
        self.slowness = slowness

    @property
    def limit(self) -> float:
        """How long the wait may take, in seconds of this machine's clock."""
        return self._seconds * self.slowness

    @property
    def remaining(self) -> float:
        """Seconds until the limit; not less than 0."""
        return max(0.0, self._began + self.limit - time.monotonic())

    def passed(self) -> bool:
        """Whether the limit has passed, for a machine of the present speed too."""
        if self.remaining > 0:
            return False
        self.slowness = max(self.slowness, self._measure())
        return self.remaining <= 0
