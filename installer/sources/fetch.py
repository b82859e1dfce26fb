"""Files from web servers: the one door, for kickstarts and for the payload.

Every wait ends: a try has a deadline from the look-up of the name to the last byte, all tries
together have one, a file has a limit, and a cancellation is heard within half a second.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from installer.errors import Cancelled
from installer.events import Emit, Event, Message
from installer.sources.address import is_web_address, web_address, without_credentials
from installer.sources.failed import FetchFailed, too_slow

if TYPE_CHECKING:
    from installer.sources.attempt import Attempt

__all__ = [
    "USUAL",
    "Download",
    "FetchFailed",
    "RetryPolicy",
    "fetch",
    "is_web_address",
    "web_address",
    "without_credentials",
]

# Half a minute in all: a switch port with spanning tree takes about that long to come up.
WAITS = (1.0, 2.0, 4.0, 8.0, 15.0)
# Each of these bytes that has come adds a second to the deadlines, so that a large file may take
# long and a slow server may not.
LEAST_RATE = 64 << 10
_STEP_SECONDS = 0.5

_Kept = TypeVar("_Kept")


def _nobody(_: Event) -> None:
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """How long to go on: when to try again, and when to give up. All numbers are seconds.

    ``waits`` stand before each further try. ``silence`` is how long a server may send nothing,
    ``one_try`` how long a try may take and ``all_tries`` how long they may take together, both
    with a second more for every 64 KiB that come.
    """

    waits: Sequence[float] = WAITS
    silence: float = 15.0
    one_try: float = 60.0
    all_tries: float = 180.0
    sleep: Callable[[float], None] = time.sleep
    cancelled: Callable[[], bool] = lambda: False

    def wait(self, seconds: float) -> None:
        """Wait, and look every half second whether it is still wanted.

        :raises Cancelled: it is not.
        """
        while seconds > 0:
            self.stop_if_due()
            self.sleep(min(seconds, _STEP_SECONDS))
            seconds -= _STEP_SECONDS

    def stop_if_due(self) -> None:
        """See that it is still wanted.

        :raises Cancelled: it is not.
        """
        if self.cancelled():
            raise Cancelled("Cancelled while waiting for a server or a volume.")


USUAL = RetryPolicy()


class Download:
    """What a try gives: its pieces, once, and where they come from."""

    def __init__(self, attempt: Attempt, policy: RetryPolicy, limit: int, until: _Deadline) -> None:
        self._attempt = attempt
        self._policy = policy
        self._limit = limit
        self._all_until = until

    @property
    def came_from(self) -> str:
        """The address that answered after all redirections, as it may be shown; "" before."""
        return self._attempt.came_from

    def __iter__(self) -> Iterator[bytes]:
        """The pieces, at most as many bytes as the limit.

        :raises FetchFailed: there is no answer, no file, or it ends too early or takes too long.
        :raises Cancelled: it is no longer wanted.
        """
        until = _Deadline(self._policy.one_try)
        size = 0
        while size < self._limit and (piece := self._next(until)):
            size += len(piece)
            until.extend(len(piece))
            self._all_until.extend(len(piece))
            yield piece

    def _next(self, until: _Deadline) -> bytes:
        while True:
            self._policy.stop_if_due()
            left = min(until.left(), self._all_until.left())
            if left <= 0:
                raise too_slow(self._attempt.shown)
            piece = self._attempt.piece(min(left, _STEP_SECONDS))
            if piece is not None:
                return piece


def fetch(
    url: str,
    take: Callable[[Download], _Kept],
    *,
    limit: int,
    policy: RetryPolicy,
    emit: Emit = _nobody,
) -> _Kept:
    """What ``take`` makes of the first ``limit`` bytes of the file at the address.

    Tries again, and calls ``take`` again, when the server cannot be reached, breaks off or is out
    of order (5xx); never when it said no. A user and password in the address are sent to that
    server alone.

    :raises FetchFailed: the last try's reason, without any part of the address up to an ``@``.
    :raises Cancelled: it is no longer wanted.
    """
    # Imported here: most kickstarts are files, and the HTTP client takes longer to import than they
    # take to be checked.
    from installer.sources.attempt import Attempt  # noqa: PLC0415

    address = web_address(url)
    until = _Deadline(policy.all_tries)
    for number, wait in enumerate((*policy.waits, None), start=1):
        try:
            with Attempt(address, limit=limit, silence=policy.silence) as attempt:
                return take(Download(attempt, policy, limit, until))
        except FetchFailed as failure:
            if not failure.again or wait is None or until.left() <= wait:
                raise
            tries = f"{number} of {len(policy.waits) + 1} tries"
            text = f"{failure.message}; trying again in {wait:g} s ({tries})"
        emit(Message(level="warning", text=text))
        policy.wait(wait)
    raise AssertionError("the last try returns or raises")


class _Deadline:
    """A point in time that what has come may postpone."""

    def __init__(self, seconds: float) -> None:
        self._at = time.monotonic() + seconds

    def extend(self, size: int) -> None:
        self._at += size / LEAST_RATE

    def left(self) -> float:
        return self._at - time.monotonic()
