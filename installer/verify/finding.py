"""What the boot check finds, and what follows from it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from ks_schema.wording import printable_lines


class Outcome(StrEnum):
    """How one thing stands: a ``note`` decides nothing; ``unseen`` is what might be bad."""

    GOOD = "good"
    BAD = "bad"
    NOTE = "note"
    UNSEEN = "unseen"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was examined: what it is, how it stands, and what to do (``hint``).

    ``secure_boot`` marks what matters only where the firmware enforces Secure Boot.
    """

    what: str
    outcome: Outcome
    text: str
    hint: str = ""
    secure_boot: bool = False

    def __post_init__(self) -> None:
        # It repeats names and texts of the disk that is examined.
        for name in ("what", "text", "hint"):
            object.__setattr__(self, name, printable_lines(getattr(self, name)))

    @property
    def good(self) -> bool:
        """Whether nothing is known to be wrong with it."""
        return self.outcome is not Outcome.BAD


def good(what: str, text: str, *, secure_boot: bool = False) -> Finding:
    """It is as it must be."""
    return Finding(what=what, outcome=Outcome.GOOD, text=text, secure_boot=secure_boot)


def bad(what: str, text: str, hint: str, *, secure_boot: bool = False) -> Finding:
    """The host would not start because of it."""
    return Finding(what=what, outcome=Outcome.BAD, text=text, hint=hint, secure_boot=secure_boot)


def note(what: str, text: str, hint: str = "") -> Finding:
    """It is worth knowing, and keeps nothing from starting."""
    return Finding(what=what, outcome=Outcome.NOTE, text=text, hint=hint)


def unseen(what: str, text: str) -> Finding:
    """It could not be examined."""
    return Finding(what=what, outcome=Outcome.UNSEEN, text=text)
