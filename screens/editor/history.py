"""What has been edited, as a tuple of states: undo, redo and reset are places in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

Storage = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """The states of ``storage`` since the beginning, and which of them is the present one."""

    states: tuple[Storage, ...]
    at: int = 0

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
        return History(states=(*self.states[: self.at + 1], state), at=self.at + 1)

    def undo(self) -> History:
        """One edit back."""
        return replace(self, at=max(self.at - 1, 0))

    def redo(self) -> History:
        """One edit forth again."""
        return replace(self, at=min(self.at + 1, len(self.states) - 1))

    def reset(self) -> History:
        """The beginning again, as an edit of its own: that can be taken back too."""
        return self.add(self.states[0])
