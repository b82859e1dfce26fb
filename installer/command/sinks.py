"""Where the events of an installation go: the terminal, and the file asked for."""

from __future__ import annotations

import contextlib
import sys
from argparse import Namespace
from collections.abc import Iterator

from installer.command.stop import IN_ORDER
from installer.events import Emit
from installer.journal import event_file, json_lines, log_lines, tee


@contextlib.contextmanager
def sinks(arguments: Namespace) -> Iterator[Emit]:
    """One sink for all of them. From here on, a signal ends what runs in order."""
    as_json = arguments.format == "json"
    shown = json_lines(sys.stdout) if as_json else log_lines(sys.stdout, level="info")
    with contextlib.ExitStack() as stack:
        files = [stack.enter_context(event_file(arguments.events))] if arguments.events else []
        IN_ORDER.set()
        yield tee(shown, *files)
