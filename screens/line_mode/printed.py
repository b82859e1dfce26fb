"""The progress of an installation in lines."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from screens.progress import ProgressState


class Printed:
    """Prints what is new of a progress: the log line by line, the bar by steps of five."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._count = 0
        self._percent = 0

    def show(self, state: ProgressState, log: Sequence[str]) -> None:
        """Print what has come since the last time."""
        if len(log) < self._count:
            self._count = self._percent = 0  # it is another installation
        for line in log[self._count :]:
            self._say(f"  {line}")
        self._count = len(log)
        percent = int(state.fraction * 20) * 5
        if percent > self._percent:
            self._percent = percent
            self._say(f"{percent} %")
