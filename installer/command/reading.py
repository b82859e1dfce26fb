"""What several commands read: the kickstart, the plan for it, a machine that a file describes."""

from __future__ import annotations

import sys

from installer.command.stop import STOP
from installer.engine.sinks.lines import log_lines, tee
from installer.events import Event
from installer.sources.fetch import RetryPolicy
from installer.sources.kickstart import Surroundings, read_kickstart
from ks_schema import Document


def document_at(source: str) -> Document:
    """The kickstart at a place; what is waited for is printed to standard error.

    :raises InstallerError: there is none that can be read.
    """
    retries = RetryPolicy(cancelled=STOP.is_set)
    return read_kickstart(
        source, emit=to_stderr, surroundings=Surroundings(retries=retries, pipes=True)
    )


def to_stderr(event: Event) -> None:
    """A sink for what is only of interest while it happens."""
    tee(log_lines(sys.stderr, level="info"))(event)
