"""A text that must not be seen: its printed form is ``***`` wherever it turns up."""

from __future__ import annotations

MASK = "***"


class Secret:
    """Holds a secret text; only :meth:`reveal` gives it away.

    Equal to another secret with the same text, so that a configuration can be compared.
    """

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The secret itself: for a program's standard input or a 0600 file, nothing else."""
        return self._text

    def __repr__(self) -> str:
        return MASK

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._text == self._text

    def __hash__(self) -> int:
        return hash(self._text)

    def __reduce__(self) -> str:
        raise TypeError("a secret cannot be pickled")
