"""What is asked, and what must hold, before a command writes to a disk."""

from __future__ import annotations

import getpass
import os
import sys

from installer import api
from installer.command.output import say
from installer.command.recovery_notice import has_terminal
from installer.errors import Cancelled, CommandFailed
from installer.machine.text import disks_text
from installer.plan.confirmation import confirmation, is_confirmed
from installer.plan.model import InstallPlan

_SHORTEST_PASSPHRASE = 8


def require_root(to: str = "install") -> None:
    """:raises CommandFailed: this is not root, who alone can do it."""
    if os.geteuid() != 0:
        raise CommandFailed(f"only root can {to}", "Run it again with sudo.")


def require_eyes(made: InstallPlan) -> None:
    """What was drawn is shown on the terminal; without one, nobody would ever have it.

    :raises CommandFailed: there is something to show, and no terminal.
    """
    if made.shown_once and not has_terminal():
        titles = ", ".join(each.title for each in made.shown_once)
        raise CommandFailed(
            f"no terminal to show this on: {titles}",
            "Start it from a terminal, or say in the kickstart what is drawn otherwise; "
            '"recovery_key": false draws none.',
        )


def confirm(made: InstallPlan) -> None:
    """Have the names of the disks typed.

    :raises Cancelled: something else was typed.
    """
    disks = (*made.disks, *made.wiped)
    say(made.describe())
    what = "Everything" if not any(each.keep for each in made.storage.disks) else "What is lost"
    typed = confirmation(disks)
    say(f"{what} on {disks_text(disks)} will be gone. Type {typed} to go on: ", end="")
    if not is_confirmed(sys.stdin.readline(), disks):
        raise Cancelled("Not confirmed; nothing was written.")


def passphrases() -> api.Ask | None:
    """Who answers for the passphrases that a kickstart leaves open: whoever sits there, or none."""
    return _asked_for if sys.stdin.isatty() else None


def _asked_for(pointer: str) -> str:
    first = getpass.getpass(f"Passphrase for {pointer.removesuffix('/passphrase')}: ")
    if len(first) < _SHORTEST_PASSPHRASE:
        raise ValueError(f"it is shorter than {_SHORTEST_PASSPHRASE} characters")
    if getpass.getpass("The same again: ") != first:
        raise ValueError("the two are different")
    return first
