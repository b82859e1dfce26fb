"""Carrying a plan out: where its events go, and what is shown once at the end."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Callable
from functools import partial

from installer.command.recovery_notice import show_on_terminal
from installer.command.stop import IN_ORDER
from installer.engine.sinks.lines import as_json, as_text
from installer.engine.sinks.places import Listener, events_listener, output_listener
from installer.plan.model import InstallPlan


def carry_out(
    arguments: Namespace, made: InstallPlan, install: Callable[[tuple[Listener, ...]], None]
) -> None:
    """Have the plan carried out by ``install``; a signal ends it in order from here on."""
    IN_ORDER.set()
    install(_listeners(arguments))
    if made.shown_once:
        show_on_terminal(made.shown_once)


def _listeners(arguments: Namespace) -> tuple[Listener, ...]:
    """The terminal, and the place that was asked for."""
    form = as_json if arguments.format == "json" else partial(as_text, level="info")
    events = (events_listener(arguments.events),) if arguments.events else ()
    return (output_listener(sys.stdout, form), *events)
