"""What is wrong with a kickstart: one finding, with its place and its remedy."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing that is wrong with a document.

    ``pointer`` is a JSON pointer (RFC 6901; "" is the whole document), ``message`` says what is
    wrong, ``hint`` what to do about it. ``line`` and ``column`` count from 1; 0 means that the
    document was not read from a text (a draft from the screens, a default).
    """

    pointer: str
    message: str
    hint: str = ""
    file: str = ""
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        where = ": ".join(part for part in (place, self.pointer or "/") if part)
        return f"{where}: {self.message}" + (f" ({self.hint})" if self.hint else "")

    def to_json(self) -> dict[str, str | int]:
        """The finding as plain data, for ``--json`` and for events."""
        return {
            "pointer": self.pointer,
            "message": self.message,
            "hint": self.hint,
            "file": self.file,
            "line": self.line,
            "column": self.column,
        }
