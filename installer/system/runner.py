"""What is asked of whoever starts programs; :mod:`installer.system.run` does it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from installer.secret import Secret

Input = str | bytes | Secret | None


class Runner(Protocol):
    """Runs a program and gives back what it wrote to standard output."""

    def run(
        self,
        argv: Sequence[str],
        *,
        stdin: Input = None,
        timeout: float | None = None,
        watch: Callable[[int], None] | None = None,
    ) -> str:
        """Run ``argv`` to its end and return its standard output.

        ``stdin`` is the only way for a secret to reach a program; it is never logged. ``watch`` is
        called with the process ID a few times a second while the program runs.

        :raises CommandFailed: it cannot be started, ends with an error, or runs over ``timeout``
            (seconds).
        :raises Cancelled: the user gave up meanwhile; the program has been ended.
        """
