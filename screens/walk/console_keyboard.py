"""The keyboard of the screen that the walk is typed on: it gets the layout that the host will have.

What a person types blind, with another layout than they believe, they cannot type again later.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from installer.errors import InstallerError
from screens.engine import Engine
from screens.worker import Job

_AT_THE_START = "us"  # what the live system starts with
_ON_THE_SCREEN = re.compile(r"(/dev/)?tty\d+")


class ConsoleKeyboard:
    """Which layout the screen has; a terminal on a serial line has a keyboard of its own."""

    def __init__(self, console: str) -> None:
        self._layout = _AT_THE_START
        self._on_the_screen = _ON_THE_SCREEN.fullmatch(console) is not None
        self.note = ""

    def awaits(self, wanted: str) -> bool:
        """Whether the screen does not have that layout yet."""
        return wanted != self._layout

    def job(
        self,
        engine: Engine,
        wanted: str,
        *,
        changed: Callable[[], None],
        failed: Callable[[], None],
    ) -> Job | None:
        """What loads the wanted layout; None when the screen has it.

        ``changed`` and ``failed`` are called where this walk is typed on the screen itself.
        """
        if not self.awaits(wanted):
            return None
        before = self._layout

        def done(_result: None) -> None:
            self._layout, self.note = wanted, ""
            if self._on_the_screen:
                changed()

        def not_loaded(error: InstallerError) -> None:
            # It is not tried again: the host gets it in any case.
            self._layout = wanted
            if self._on_the_screen:
                self.note = f"This screen stays with the layout {before}: {error}"
                failed()

        return Job(
            title=f"Loading the keyboard layout {wanted}",
            run=lambda: engine.load_keyboard(wanted),
            done=done,
            failed=not_loaded,
        )
