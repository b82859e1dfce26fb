"""What is raised when a file did not come; importing it loads no HTTP client."""

from __future__ import annotations


class FetchFailed(Exception):
    """A file that did not come, or not whole.

    ``refused``: the server answered, and did not give it or cannot be trusted. ``again``: a
    further try may help.
    """

    def __init__(
        self, message: str, hint: str = "", *, refused: bool = False, again: bool = True
    ) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.refused = refused
        self.again = again


def too_slow(shown: str) -> FetchFailed:
    """The deadline has passed."""
    return FetchFailed(f"{shown}: no whole answer in time", "is the network up, and fast enough?")
