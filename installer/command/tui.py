"""``tui``: the screens."""

from __future__ import annotations

from argparse import Namespace

from installer import api
from installer.command.screens_engine import ApiEngine
from installer.errors import ExitCode
from screens import main
from screens.options import Outcome


def run(arguments: Namespace) -> ExitCode:
    """Install with the screens, and do at the end what was chosen there."""
    seed = api.new_seed()
    outcome = main.run(ApiEngine(), seed=seed, console=arguments.console, plain=arguments.plain)
    if outcome is not Outcome.QUIT:
        api.end(outcome.value, lambda _event: None)
    return ExitCode.DONE
