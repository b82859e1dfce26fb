"""Ctrl-C in line mode."""

from __future__ import annotations

from typing import Self


class Interrupts:
    """Ctrl-C: it ends what is asked or waited for, and nothing else.

    Anywhere else it is kept until the next question: no step is left half done by it.
    """

    def __init__(self) -> None:
        self._open = False
        self._kept = False

    def came(self, _number: int, _frame: object) -> None:
        """The signal's handler."""
        if self._open:
            # One is enough: another would come while this one is being dealt with.
            self._open = False
            raise KeyboardInterrupt
        self._kept = True

    def allowed(self) -> Self:
        """Inside, Ctrl-C raises KeyboardInterrupt; so does one that came before."""
        return self

    def __enter__(self) -> None:
        if self._kept:
            self._kept = False
            raise KeyboardInterrupt
        self._open = True

    def __exit__(self, *_error: object) -> None:
        self._open = self._kept = False
