"""Steps on single files of the new host."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from installer.actions.context import Context
from installer.config.host_names import locale_source
from installer.errors import MachineUnfit
from ks_schema import Problem

_LOCALES = "/usr/lib/locale"


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteFile:
    """Write a text file, with its folders, over whatever is there."""

    path: str
    text: str
    mode: int = 0o644
    owner: int = 0
    weight: float = 0.01

    def describe(self) -> str:
        """See :class:`~installer.actions.action.Action`."""
        owner = f", owner {self.owner}" if self.owner else ""
        return f"write {self.path} (mode {self.mode:04o}{owner})"

    def check(self, context: Context) -> None:
        """Nothing to look at before the root is there."""

    def run(self, context: Context) -> None:
        """Write it."""
        data = self.text.encode()
        context.root.write(self.path, data, mode=self.mode, owner=self.owner)


@dataclass(frozen=True, slots=True, kw_only=True)
class MakeLink:
    """Make a symbolic link, in place of whatever file is there."""

    path: str
    to: str
    weight: float = 0.01

    def describe(self) -> str:
        """See :class:`~installer.actions.action.Action`."""
        return f"link {self.path} to {self.to}"

    def check(self, context: Context) -> None:
        """Nothing to look at before the root is there."""

    def run(self, context: Context) -> None:
        """Make it."""
        context.root.link(self.path, self.to)


@dataclass(frozen=True, slots=True, kw_only=True)
class MakeFolder:
    """Make a folder, with those above it; one that is there keeps its owner and its mode."""

    path: str
    mode: int = 0o755
    weight: float = 0.01

    def describe(self) -> str:
        """See :class:`~installer.actions.action.Action`."""
        return f"create the directory {self.path}"

    def check(self, context: Context) -> None:
        """Nothing to look at before the root is there."""

    def run(self, context: Context) -> None:
        """Make it."""
        context.root.directory(self.path, mode=self.mode)


@dataclass(frozen=True, slots=True, kw_only=True)
class SetTimezone:
    """Point ``/etc/localtime`` at a zone that the new host has."""

    zone: str
    weight: float = 0.01

    def describe(self) -> str:
        """See :class:`~installer.actions.action.Action`."""
        return f"set the time zone to {self.zone}"

    def check(self, context: Context) -> None:
        """The planner has compared it with the zones of the payload."""

    def run(self, context: Context) -> None:
        """Make the link."""
        MakeLink(path="/etc/localtime", to=f"/usr/share/zoneinfo/{self.zone}").run(context)


@dataclass(frozen=True, slots=True, kw_only=True)
class GenerateLocale:
    """Compile a locale into the new host, from the sources of the system that installs."""

    locale: str
    weight: float = 3.0

    def describe(self) -> str:
        """See :class:`~installer.actions.action.Action`."""
        return f"generate the locale {self.locale}"

    def check(self, context: Context) -> None:
        """Its source is here."""
        del context
        source = Path("/usr/share/i18n/locales", locale_source(self.locale))
        if not source.is_file():
            raise MachineUnfit(
                [
                    Problem(
                        pointer="/locale",
                        message=f"this machine has no source of the locale {self.locale}",
                        hint="install the package locales here, or use C.UTF-8",
                    )
                ]
            )

    def run(self, context: Context) -> None:
        """Compile it."""
        # localedef knows nothing of the new root, and would follow a link out of it.
        context.root.straight(_LOCALES).mkdir(parents=True, exist_ok=True)
        for each in context.root.place(_LOCALES).iterdir():
            context.root.straight(f"{_LOCALES}/{each.name}")
        context.runner.run(
            [
                "localedef",
                "--no-archive",
                f"--prefix={context.target}",
                "-i",
                locale_source(self.locale),
                "-f",
                "UTF-8",
                self.locale,
            ]
        )
