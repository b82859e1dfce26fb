"""Executes a plan: checks every action, runs them in order, takes everything back at the end."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from installer.context import Context
from installer.errors import Cancelled, CommandFailed, InstallerError
from installer.events import (
    ActionStarted,
    Emit,
    Failed,
    Finished,
    Message,
    PhasePlanned,
    PhaseStarted,
    Progress,
    Started,
)
from installer.plan.model import InstallPlan, Phase, disks_text
from installer.run import Runner


def execute(
    plan: InstallPlan,
    runner: Runner,
    emit: Emit,
    *,
    work: Path,
    cancelled: Callable[[], bool] = lambda: False,
    undo_runner: Runner | None = None,
) -> None:
    """Install. ``work`` is a private folder in memory; the new root is mounted below it.

    ``undo_runner`` is deaf to ``cancelled``; it takes back what ``runner`` did.

    :raises InstallerError: it failed, or was cancelled; by then everything is unmounted and
        detached, the disk plainly unbootable, and a ``Failed`` event has told so.
    """
    context = Context(
        runner=runner,
        undo_runner=undo_runner,
        emit=emit,
        cancelled=cancelled,
        work=work,
        target=work / "root" / (plan.tree.path or "target"),
    )
    emit(started_event(plan))
    try:
        seconds = _run(plan, context, cancelled)
        context.unwind()
    except InstallerError as error:
        _give_up(context, error)
        raise
    except BaseException as error:
        # A bug or a signal must leave the machine as tidy as a failure does.
        kind = InstallerError if isinstance(error, Exception) else Cancelled
        _give_up(context, kind(f"stopped by {type(error).__name__}: {error}"))
        raise
    emit(Progress(fraction=1.0))
    emit(Finished(seconds=seconds, next=plan.on_success))


def started_event(plan: InstallPlan) -> Started:
    """The phases and what share of the whole each has."""
    total = sum(phase.weight for phase in plan.phases)
    phases = tuple(
        PhasePlanned(id=phase.id, title=phase.title, weight=round(phase.weight / total, 4))
        for phase in plan.phases
    )
    return Started(disk=disks_text(plan.disks), phases=phases)


def _run(plan: InstallPlan, context: Context, cancelled: Callable[[], bool]) -> dict[str, float]:
    for phase in plan.phases:
        for action in phase.actions:
            action.check(context)
    total = sum(phase.weight for phase in plan.phases)
    done = 0.0
    seconds: dict[str, float] = {}
    for phase in plan.phases:
        start = time.monotonic()
        _run_phase(phase, context, done / total, 1 / total, cancelled)
        done += phase.weight
        seconds[phase.id] = round(time.monotonic() - start, 2)
    return seconds


def _run_phase(
    phase: Phase,
    context: Context,
    before: float,
    scale: float,
    cancelled: Callable[[], bool],
) -> None:
    context.emit(PhaseStarted(id=phase.id, title=phase.title))
    for action in phase.actions:
        if cancelled():
            raise Cancelled("The installation was cancelled.")
        context.emit(ActionStarted(phase=phase.id, description=action.describe()))
        share = action.weight * scale
        context.advance = _advance(context.emit, before, share, cancelled)
        try:
            action.run(context)
        except OSError as error:
            raise CommandFailed(
                f"could not {action.describe()}: {error}", "Look at the disk's health and its room."
            ) from error
        before += share
        context.emit(Progress(fraction=min(1.0, round(before, 4))))


def _advance(
    emit: Emit, before: float, share: float, cancelled: Callable[[], bool]
) -> Callable[[float], None]:
    """Progress within an action; it tells only steps of a half per cent that can be seen.

    It is also where an action that runs no program hears of a cancellation.
    """
    last = before

    def advance(fraction: float) -> None:
        nonlocal last
        if cancelled():
            raise Cancelled("The installation was cancelled.")
        now = round(before + share * min(1.0, max(0.0, fraction)), 4)
        if now - last >= 0.005:
            last = now
            emit(Progress(fraction=now))

    return advance


def _give_up(context: Context, error: InstallerError) -> None:
    """Take everything back, then what must be done only after a failure; tell about both."""
    for step in (context.unwind, context.compensate):
        try:
            step()
        except InstallerError as another:
            context.emit(Message(level="error", text=str(another)))
    context.emit(
        Failed(
            exit_code=int(error.exit_code),
            message=error.message,
            hint=error.hint,
            written=context.written,
            restored=context.written and not context.altered,
        )
    )
