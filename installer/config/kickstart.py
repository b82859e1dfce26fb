"""What was asked for: a checked kickstart as frozen data.

``None`` means that the kickstart did not say; the planner then decides from the machine.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated

from installer.config.accounts import Root, User
from installer.config.boot import Boot
from installer.config.codecs import KeyboardName, Seconds
from installer.config.disks import DiskSelector
from installer.config.keyboard import Keyboard
from installer.config.network import Network, Ntp
from installer.config.packages import Packages
from installer.config.storage import Storage
from installer.config.words import ALWAYS, NAMED, PAIRS, Key


class ServiceState(StrEnum):
    """What systemd does with a unit when the host starts."""

    ENABLED = "enabled"
    DISABLED = "disabled"
    MASKED = "masked"


class EndAction(StrEnum):
    """What the machine does when the installer is through."""

    REBOOT = "reboot"
    POWEROFF = "poweroff"
    HALT = "halt"
    HOLD = "hold"


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """A script that runs inside the new host's tree; ``timeout`` in seconds."""

    name: str | None = None
    run: tuple[str, ...]
    timeout: Seconds = 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Scripts:
    """Commands of the user's own; those of ``post`` run when all else is configured."""

    post: tuple[Script, ...] = ()

    @property
    def named_post(self) -> tuple[tuple[str, Script], ...]:
        """Those of ``post`` with their names; one without a name has its number."""
        return tuple((each.name or usual_name(index), each) for index, each in enumerate(self.post))


def usual_name(index: int) -> str:
    """The name of a script that has none; ``index`` counts from 0."""
    return f"post-{index + 1}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finish:
    """What the machine does at the end."""

    on_success: EndAction = EndAction.REBOOT
    on_failure: EndAction = EndAction.HOLD


@dataclass(frozen=True, slots=True, kw_only=True)
class InstallConfig:
    """Everything that was asked for, in the order in which it is written.

    ``schema`` is for editors alone; ``services`` are pairs of unit name and state.
    """

    schema: Annotated[str | None, Key("$schema")] = None
    version: Annotated[int, ALWAYS] = 1
    hostname: str = "photon"
    locale: str = "C.UTF-8"
    keyboard: KeyboardName = field(default_factory=Keyboard)
    timezone: str = "UTC"
    disks: Annotated[tuple[DiskSelector, ...], NAMED, ALWAYS]
    storage: Storage = field(default_factory=Storage)
    boot: Boot = field(default_factory=Boot)
    packages: Annotated[Packages, ALWAYS] = field(default_factory=Packages)
    network: Network | None = None
    ntp: Ntp = field(default_factory=Ntp)
    root: Root = field(default_factory=Root)
    users: tuple[User, ...] = ()
    services: Annotated[tuple[tuple[str, ServiceState], ...], PAIRS] = ()
    scripts: Scripts = Scripts()
    finish: Finish = Finish()
