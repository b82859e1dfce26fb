"""Carrying a plan out: where its events go, and what is shown once at the end."""

from __future__ import annotations

import contextlib
import sys
from argparse import Namespace
from collections.abc import Callable, Iterator

from installer.command.recovery_notice import show_on_terminal
from installer.command.stop import IN_ORDER
from installer.engine.journal import event_file, json_lines, log_lines, tee
from installer.events import Emit
from installer.plan.model import InstallPlan


def carry_out(arguments: Namespace, made: InstallPlan, install: Callable[[Emit], None]) -> None:
    """Have the plan carried out by ``install``; a signal ends it in order from here on."""
    with _sinks(arguments) as emit:
        install(emit)
    if made.shown_once:
        show_on_terminal(made.shown_once)


@contextlib.contextmanager
def _sinks(arguments: Namespace) -> Iterator[Emit]:
    """One sink for the terminal and the file asked for."""
    as_json = arguments.format == "json"
    shown = json_lines(sys.stdout) if as_json else log_lines(sys.stdout, level="info")
    with contextlib.ExitStack() as stack:
        files = [stack.enter_context(event_file(arguments.events))] if arguments.events else []
        IN_ORDER.set()
        yield tee(shown, *files)
