"""What a renderer has to do after a command or an answer, as data."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from screens.options import Outcome
from screens.progress import ProgressState
from screens.question import Question
from screens.session import Holder
from screens.walk.install import Installation
from screens.worker import Job


class Then(StrEnum):
    """What follows a check."""

    GO_ON = "go_on"
    SHOW = "show"


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """An answer has changed: check it, and bring what is shown in line with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Show:
    """Show the screen that the conductor is at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """Ask the question, and give the conductor a confirmed answer."""

    question: Question


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """Have the answers checked if they have changed, and then call ``checked(then)``.

    No key or line is taken until then: it may be for the screen that comes next.
    """

    then: Then


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocked:
    """Say why the walk stays here; ``fields`` are those of this screen that have to change."""

    reason: str
    fields: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """Say something that stays true while this screen is shown."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Save:
    """Write a file at ``place`` in a thread, and then say whether it is there."""

    place: str
    write: Callable[[], None]

    def job(self, done: Callable[[str], None]) -> Job:
        """The work for the thread; ``done`` gets "" or what went wrong."""
        return Job(
            title=f"Saving {self.place}",
            run=self.write,
            done=lambda _: done(""),
            failed=lambda error: done(str(error)),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Install:
    """Start the installation in a thread, show its progress, and call ``ended()`` at its end."""

    title: str
    installation: Installation


@dataclass(frozen=True, slots=True, kw_only=True)
class Follow:
    """Show what another console does. ``log`` are all lines so far; ``asked``: it was asked to
    let this console go on."""

    owner: Holder
    state: ProgressState
    log: Sequence[str]
    asked: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Leave:
    """End the screens with this outcome."""

    outcome: Outcome


Effect = Changed | Show | Ask | Check | Blocked | Notice | Save | Install | Follow | Leave
Effects = tuple[Effect, ...]
