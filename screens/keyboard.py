"""From the keys of a terminal to the screens: what comes at once is taken in at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol

from screens.bursts import Burst, Bursts

# A paste whose end is lost on the line is over after so long without a key.
_PASTE_SECONDS = 1.0


class Typist(Protocol):
    """What is typed on."""

    def insert(self, text: str) -> bool:
        """Take in a text at once; False when there is no field to type in now."""

    def press(self, key: str) -> None:
        """Do what one key means."""

    def refuse_paste(self) -> None:
        """Say that there is no field for what was pasted."""


class Keyboard:
    """Passes keys on. ``later`` calls something after some seconds."""

    def __init__(
        self, typist: Typist, later: Callable[[float, Callable[[], None]], None]
    ) -> None:
        self._typist = typist
        self._later = later
        self._bursts = Bursts()
        self._batch = 0

    def take(self, keys: Iterable[str]) -> None:
        """Take in the keys that have come together."""
        self._batch += 1
        for part in self._bursts.take(keys):
            self._part(part)
        if self._bursts.pasting:
            batch = self._batch
            self._later(_PASTE_SECONDS, lambda: self._over(batch))

    def _over(self, batch: int) -> None:
        if batch == self._batch:
            for part in self._bursts.end():
                self._part(part)

    def _part(self, part: str | Burst) -> None:
        match part:
            case Burst(pasted=True, text=text):
                if not self._typist.insert(text):
                    self._typist.refuse_paste()
            case Burst(text=text):
                self._type(text)
            case _:
                self._typist.press(part)

    def _type(self, text: str) -> None:
        # A letter may be a command, which opens a field for those that follow.
        while text and not self._typist.insert(text):
            self._typist.press(text[0])
            text = text[1:]
