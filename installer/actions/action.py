"""What every action is: a frozen dataclass that describes, checks and does one step."""

from __future__ import annotations

from typing import Protocol

from installer.actions.context import Context


class Action(Protocol):
    """One step. A frozen dataclass: its fields say everything that :meth:`run` will do.

    ``weight`` is its share of the work, in about the seconds it takes on a slow machine.
    """

    @property
    def weight(self) -> float:
        """Its share of the work."""

    def describe(self) -> str:
        """One line that says what it does, for the plan, the review and the log."""

    def check(self, context: Context) -> None:
        """Look whether it can work here; called for every action before the first one runs.

        :raises InstallerError: it cannot.
        """

    def run(self, context: Context) -> None:
        """Do it, and push the reverse of what it mounts, attaches or opens.

        :raises InstallerError: it did not work.
        """
