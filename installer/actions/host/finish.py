"""The last steps: what the new host keeps of its installation, and that it is on the disk."""

from __future__ import annotations

from dataclasses import dataclass

from installer.actions.context import Context
from installer.actions.host.files import WriteFile
from installer.events import EVENTS_NAME, LOG_NAME
from installer.secret import Secret

LOG_FOLDER = "/var/log/photon-installer"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeepRecord:
    """Leave in the host what made it: the kickstart that reproduces it, the plan, the log.

    The kickstart holds password hashes; ``plan`` and ``report`` (the same for programs) none.
    """

    kickstart: Secret
    plan: str
    report: str
    weight: float = 0.1

    def describe(self) -> str:
        """See :class:`~installer.actions.action.Action`."""
        return f"keep the kickstart, the plan, the report and the log in {LOG_FOLDER}"

    def check(self, context: Context) -> None:
        """Nothing to look at before the root is there."""

    def run(self, context: Context) -> None:
        """Write them, readable by root alone: they hold password hashes."""
        for name, text in (
            ("kickstart.json", self.kickstart.reveal()),
            ("plan.txt", self.plan),
            ("report.json", self.report),
        ):
            WriteFile(path=f"{LOG_FOLDER}/{name}", text=text, mode=0o600).run(context)
        for name in (LOG_NAME, EVENTS_NAME):
            if (context.work / name).is_file():
                data = (context.work / name).read_bytes()
                context.root.write(f"{LOG_FOLDER}/{name}", data, mode=0o600)


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncRoot:
    """Wait until everything written so far is on the disk.

    ``paths`` are where filesystems of the new host are mounted.
    """

    paths: tuple[str, ...] = ("/",)
    weight: float = 10.0

    def describe(self) -> str:
        """See :class:`~installer.actions.action.Action`."""
        return f"write everything out to the disk: {', '.join(self.paths)}"

    def check(self, context: Context) -> None:
        """Nothing to look at before the root is there."""

    def run(self, context: Context) -> None:
        """Sync the filesystems that the new root is made of."""
        places = [str(context.root.followed(path)) for path in self.paths]
        context.runner.run(["sync", "--file-system", *places])
