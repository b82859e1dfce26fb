"""The one way a build fails."""

from __future__ import annotations


class BuildFailed(Exception):
    """What went wrong (``message``) and what to do or where to look (``hint``)."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}\n{self.hint}" if self.hint else self.message
