"""What has been edited, as a tuple of states: undo, redo and reset are places in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

Storage = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """The states of ``storage`` since the beginning, and which of them is the present one.

    ``begun`` is the one that a reset goes back to.
    """

    states: tuple[Storage, ...]
    at: int = 0
    begun: int = 0

    @property
    def beginning(self) -> Storage:
        """What the editing began with."""
        return self.states[self.begun]

    @property
    def now(self) -> Storage:
        """The present state."""
        return self.states[self.at]

    @property
    def can_undo(self) -> bool:
        """There is something to take back."""
        return self.at > 0

    @property
    def can_redo(self) -> bool:
        """Something was taken back."""
        return self.at + 1 < len(self.states)

    def add(self, state: Storage) -> History:
        """The history after an edit; what was taken back before it is forgotten."""
        if state == self.now:
            return self
        states = (*self.states[: self.at + 1], state)
        return History(states=states, at=self.at + 1, begun=min(self.begun, self.at))

    def begin(self, state: Storage) -> History:
        """The history of another editing, from which undo leads back to this one."""
        after = self.add(state)
        return replace(after, begun=after.at)

    def undo(self) -> History:
        """One edit back."""
        return replace(self, at=max(self.at - 1, 0))

    def redo(self) -> History:
        """One edit forth again."""
        return replace(self, at=min(self.at + 1, len(self.states) - 1))

    def reset(self) -> History:
        """The beginning again, as an edit of its own: that can be taken back too."""
        return self.add(self.beginning)
