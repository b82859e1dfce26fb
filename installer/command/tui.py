"""``tui``: the screens."""

from __future__ import annotations

from argparse import Namespace

from installer.errors import ExitCode
from screens import main


def run(arguments: Namespace) -> ExitCode:
    """Install with the screens."""
    return main.run(console=arguments.console, plain=arguments.plain)
