"""What reading a kickstart told, and how long it would have waited."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from installer.events import Event, Message
from installer.sources.fetch import RetryPolicy
from installer.sources.kickstart import Surroundings, read_kickstart
from ks_schema import Document

GOOD = b'{"version": 1, "hostname": "from-here"}'


@dataclass
class Told:
    """What was emitted, and the seconds that would have been waited."""

    events: list[Event] = field(default_factory=list)
    waited: list[float] = field(default_factory=list)

    @property
    def seconds(self) -> float:
        return sum(self.waited)

    @property
    def text(self) -> str:
        return "\n".join(each.text for each in self.events if isinstance(each, Message))

    def surroundings(self, **more: Any) -> Surroundings:
        waits = more.pop("waits", (1.0, 2.0))
        silence, one_try = more.pop("silence", 5.0), more.pop("one_try", 60.0)
        all_tries = more.pop("all_tries", 180.0)
        retries = RetryPolicy(
            waits=waits,
            sleep=self.waited.append,
            silence=silence,
            one_try=one_try,
            all_tries=all_tries,
        )
        return Surroundings(retries=retries, **more)

    def read(self, source: str, **more: Any) -> Document:
        return read_kickstart(
            source, emit=self.events.append, surroundings=self.surroundings(**more)
        )
