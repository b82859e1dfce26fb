"""Keys that come faster than they can be shown: what was pasted or typed at once is one edit."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from screens.typed import is_character

BEGIN, END = "begin paste", "end paste"
# No field takes more; what a paste without an end could fill is bounded.
_MOST = 1 << 16
_PASTED = {"enter": "\n", "tab": "\t"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Burst:
    """Characters that belong together. ``pasted``: the terminal said that they are no keys."""

    text: str
    pasted: bool


class Bursts:
    """Puts the keys of urwid together again, also of a paste that comes in several pieces."""

    def __init__(self) -> None:
        self._pasting: list[str] | None = None

    @property
    def pasting(self) -> bool:
        """A paste has begun, and its end has not come yet."""
        return self._pasting is not None

    def take(self, keys: Iterable[str]) -> list[str | Burst]:
        """The keys, with every run of characters in one piece."""
        found: list[str | Burst] = []
        typed: list[str] = []
        for key in (*keys, ""):
            if self._pasting is None and is_character(key):
                typed.append(key)
                continue
            if typed:
                found.append(Burst(text="".join(typed), pasted=False))
                typed = []
            found += self._taken(key)
        return found

    def end(self) -> list[Burst]:
        """What was pasted when its end never came: a noisy line may lose it."""
        pasted, self._pasting = self._pasting, None
        return [Burst(text="".join(pasted), pasted=True)] if pasted else []

    def _taken(self, key: str) -> list[str] | list[Burst]:
        if key == BEGIN:
            unended = self.end()
            self._pasting = []
            return unended
        if key == END:
            return self.end()
        if self._pasting is None:
            return [key] if key else []
        text = _PASTED.get(key, key if is_character(key) else "")
        if len(self._pasting) < _MOST and text:
            self._pasting.append(text)
        return []
