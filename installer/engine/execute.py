"""Executes a plan: checks every action, runs them in order, takes everything back at the end."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from installer.actions.action import Action
from installer.actions.context import Context
from installer.engine.diagnosis import FAULTY, acted_on, explained, failing_disks
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
from installer.machine.text import disks_text
from installer.plan.model import InstallPlan, Phase
from installer.system.kernel_log import KernelLog
from installer.system.runner import Runner


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
    log = KernelLog()
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
        seconds = _run(_Run(plan=plan, context=context, log=log, cancelled=cancelled))
        context.unwind()
    except InstallerError as error:
        _give_up(context, error)
        raise
    except BaseException as error:
        # A bug or a signal must leave the machine as tidy as a failure does.
        kind = InstallerError if isinstance(error, Exception) else Cancelled
        _give_up(context, kind(f"stopped by {type(error).__name__}: {error}"))
        raise
    finally:
        log.close()
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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Run:
    """One execution: what is done, with what, what the kernel says meanwhile."""

    plan: InstallPlan
    context: Context
    log: KernelLog
    cancelled: Callable[[], bool]

    def stop_if_due(self) -> None:
        """:raises Cancelled: nobody wants it any more."""
        if self.cancelled():
            raise Cancelled("The installation was cancelled.")

    def step(self, action: Action, call: Callable[[Context], None]) -> None:
        """Call a method of the action; what goes wrong says which device is behind it.

        :raises InstallerError: it did not work.
        """
        try:
            call(self.context)
        except InstallerError as error:
            raise explained(error, action, self.plan, self.log) from error
        except OSError as error:
            raise _io_failure(error, action, self.plan, self.log) from error

    def require_written(self, phase: Phase) -> None:
        """A disk that did not keep what it was given is found out where no program noticed, too.

        The boot entry is in the last phase: a disk that fails before does not start.

        :raises CommandFailed: the kernel has reported a write that failed.
        """
        if failing := failing_disks(self.plan, self.log, writes=True):
            raise CommandFailed(
                f"{disks_text(failing)} did not write everything: {phase.title}", FAULTY
            )


def _run(run: _Run) -> dict[str, float]:
    for phase in run.plan.phases:
        for action in phase.actions:
            run.step(action, action.check)
    total = sum(phase.weight for phase in run.plan.phases)
    done = 0.0
    seconds: dict[str, float] = {}
    for phase in run.plan.phases:
        start = time.monotonic()
        _run_phase(run, phase, done / total, 1 / total)
        run.require_written(phase)
        done += phase.weight
        seconds[phase.id] = round(time.monotonic() - start, 2)
    return seconds


def _run_phase(run: _Run, phase: Phase, before: float, scale: float) -> None:
    context = run.context
    context.emit(PhaseStarted(id=phase.id, title=phase.title))
    for action in phase.actions:
        run.stop_if_due()
        context.emit(ActionStarted(phase=phase.id, description=action.describe()))
        share = action.weight * scale
        context.advance = _advance(context.emit, before, share, run.cancelled)
        run.step(action, action.run)
        before += share
        context.emit(Progress(fraction=min(1.0, round(before, 4))))


def _io_failure(
    error: OSError, action: Action, plan: InstallPlan, log: KernelLog
) -> InstallerError:
    """The failure of a step that starts no program, with the disks that it is about."""
    disks = ", ".join(disk.path for disk in acted_on(action, plan))
    failure = CommandFailed(
        f"could not {action.describe()}: {error}", f"Look at the health and the room of {disks}."
    )
    failure.__cause__ = error
    return explained(failure, action, plan, log)


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
