"""``install``: onto disks of this machine, after a question unless ``--yes`` was given."""

from __future__ import annotations

from argparse import Namespace

from installer import api
from installer.command.carry_out import carry_out
from installer.command.consent import confirm, passphrases, require_eyes, require_root
from installer.command.plan import plan_of
from installer.command.reading import to_stderr
from installer.command.stop import STOP
from installer.errors import ExitCode


def run(arguments: Namespace) -> ExitCode:
    """Install."""
    made = plan_of(arguments, lambda *wanted: api.probe_machine(to_stderr, *wanted), passphrases())
    require_root()
    require_eyes(made)
    if not arguments.yes:
        confirm(made)
    carry_out(arguments, made, lambda to: api.install(made, listeners=to, cancelled=STOP.is_set))
    return ExitCode.DONE
