"""From the keys of a terminal to the screens: what comes at once is taken in at once."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from typing import Protocol

from screens.full_screen.bursts import Burst, Bursts

# A paste whose end is lost on the line is over after so long without a key.
_PASTE_SECONDS = 1.0


class Typist(Protocol):
    """What is typed on."""

    def waiting(self) -> bool:
        """Keys have to wait: what they are for is not shown yet."""

    def insert(self, text: str) -> bool:
        """Take in a text at once; False when there is no field to type in now."""

    def press(self, key: str) -> None:
        """Do what one key means."""

    def refuse_paste(self) -> None:
        """Say that there is no field for what was pasted."""


class Keyboard:
    """Passes keys on. ``later`` calls something after some seconds."""

    def __init__(self, typist: Typist, later: Callable[[float, Callable[[], None]], None]) -> None:
        self._typist = typist
        self._later = later
        self._bursts = Bursts()
        self._parts: deque[str | Burst] = deque()
        self._batch = 0

    def take(self, keys: Iterable[str]) -> None:
        """Take in the keys that have come together."""
        self._batch += 1
        self._parts += self._bursts.take(keys)
        self.go_on()
        if self._bursts.pasting:
            batch = self._batch
            self._later(_PASTE_SECONDS, lambda: self._over(batch))

    @property
    def held(self) -> bool:
        """Some of what has come has to wait."""
        return bool(self._parts)

    def go_on(self) -> None:
        """Pass on what has come, as far as it need not wait."""
        while self._parts and not self._typist.waiting():
            self._part(self._parts.popleft())

    def _over(self, batch: int) -> None:
        if batch == self._batch:
            self._parts += self._bursts.end()
            self.go_on()

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
        while text and not self._typist.waiting():
            if self._typist.insert(text):
                return
            self._typist.press(text[0])
            text = text[1:]
        if text:
            self._parts.appendleft(Burst(text=text, pasted=False))
