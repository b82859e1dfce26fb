"""``facts``: what the installer knows of this machine."""

from __future__ import annotations

from argparse import Namespace

from installer import api
from installer.command.output import show
from installer.command.reading import to_stderr
from installer.errors import ExitCode
from installer.machine.text import machine_text


def run(arguments: Namespace) -> ExitCode:
    """Print it."""
    machine = api.probe_machine(to_stderr)
    show(arguments, machine.to_json(), machine_text(machine))
    return ExitCode.DONE
