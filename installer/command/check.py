"""``check``: every problem of some kickstarts, or that they have none."""

from __future__ import annotations

from argparse import Namespace
from datetime import UTC, datetime

from installer.command.output import complain, say
from installer.command.reading import document_at
from installer.command.report import REPORTS
from installer.config.read import kickstart_problems
from installer.errors import ExitCode, InstallerError, KickstartInvalid


def run(arguments: Namespace) -> ExitCode:
    """Judge each kickstart; the exit code is that of the first which is at fault."""
    now = datetime.now(UTC)
    faults: list[InstallerError] = []
    report = REPORTS.get(arguments.format)
    for source in arguments.kickstart:
        try:
            document = document_at(source)
            if found := kickstart_problems(document, now=now):
                raise KickstartInvalid(found)
        except InstallerError as fault:
            faults.append(fault)
            if report is None:
                complain(str(fault))
        else:
            if report is None:
                say(f"{document.name}: valid")
    if report is not None and (text := report(faults)):
        say(text)
    return faults[0].exit_code if faults else ExitCode.DONE
