"""The progress of an installation, folded from its events; the same for every renderer."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import assert_never

from installer.events import (
    ActionStarted,
    BootChecked,
    Event,
    Failed,
    Finished,
    Message,
    PhaseStarted,
    Progress,
    Started,
    event_text,
)

LOG_LINES = 200


class Mark(StrEnum):
    """How far a phase is; the text is what is shown before its title."""

    WAITING = "[ ]"
    WORKING = "[>]"
    DONE = "[x]"
    FAILED = "[!]"


@dataclass(frozen=True, slots=True, kw_only=True)
class PhaseState:
    """A phase and how far it is."""

    id: str
    title: str
    mark: Mark = Mark.WAITING


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgressState:
    """All that the progress screen shows. ``fraction`` is from 0 to 1, ``boot`` what was proven."""

    disk: str = ""
    phases: tuple[PhaseState, ...] = ()
    fraction: float = 0.0
    action: str = ""
    log: tuple[str, ...] = ()
    boot: BootChecked | None = None
    outcome: Finished | Failed | None = None


def follow(state: ProgressState, event: Event) -> ProgressState:
    """The state after ``event``."""
    log = (*state.log, *log_lines(event))[-LOG_LINES:]
    return replace(_after(state, event), log=log)


def log_lines(event: Event) -> tuple[str, ...]:
    """The lines that ``event`` adds to the log, as in the log file."""
    return tuple(line.expandtabs() for line in event_text(event).splitlines())


def bar(fraction: float, width: int) -> str:
    """A bar of ``width`` columns, drawn with characters that every terminal has."""
    inner = max(width - 8, 1)
    filled = int(inner * min(max(fraction, 0.0), 1.0))
    return f"[{'#' * filled}{'.' * (inner - filled)}] {int(fraction * 100):>3} %"


def _after(state: ProgressState, event: Event) -> ProgressState:  # noqa: C901, PLR0911
    match event:
        case Started():
            phases = tuple(PhaseState(id=each.id, title=each.title) for each in event.phases)
            return ProgressState(disk=event.disk, phases=phases)
        case PhaseStarted():
            return replace(state, phases=_enter(state.phases, event))
        case ActionStarted():
            return replace(state, action=event.description)
        case Progress():
            return replace(state, fraction=event.fraction)
        case BootChecked():
            return replace(state, boot=event)
        case Message():
            return state
        case Finished():
            phases = tuple(replace(phase, mark=Mark.DONE) for phase in state.phases)
            return replace(state, phases=phases, fraction=1.0, action="", outcome=event)
        case Failed():
            return replace(state, phases=_fail(state.phases), outcome=event)
        case _:
            assert_never(event)


def _enter(phases: tuple[PhaseState, ...], event: PhaseStarted) -> tuple[PhaseState, ...]:
    if event.id not in [phase.id for phase in phases]:
        phases = (*phases, PhaseState(id=event.id, title=event.title))
    return tuple(
        replace(phase, mark=Mark.WORKING)
        if phase.id == event.id
        else replace(phase, mark=Mark.DONE if phase.mark is Mark.WORKING else phase.mark)
        for phase in phases
    )


def _fail(phases: tuple[PhaseState, ...]) -> tuple[PhaseState, ...]:
    return tuple(
        replace(phase, mark=Mark.FAILED) if phase.mark is Mark.WORKING else phase
        for phase in phases
    )
