"""What was asked for: a checked kickstart as frozen data.

``None`` means that the kickstart did not say; the planner then decides from the machine.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from installer.config.boot import Boot
from installer.config.keyboard import Keyboard
from installer.config.password import Password
from installer.config.storage import Storage


class PackageSet(StrEnum):
    """How much is installed."""

    MINIMAL = "minimal"
    FULL = "full"


class KernelFlavour(StrEnum):
    """Which of Debian's kernels: ``generic`` drives everything, ``cloud`` virtual machines."""

    GENERIC = "generic"
    CLOUD = "cloud"


class SudoRule(StrEnum):
    """Whether a user may become root, and whether sudo asks for the password."""

    NONE = "none"
    PASSWORD = "password"
    NO_PASSWORD = "no_password"


class ServiceState(StrEnum):
    """What systemd shall do with a unit when the host starts."""

    ENABLED = "enabled"
    DISABLED = "disabled"
    MASKED = "masked"


class EndAction(StrEnum):
    """What the machine does when the installer is through."""

    REBOOT = "reboot"
    POWEROFF = "poweroff"
    HALT = "halt"
    HOLD = "hold"


class Pick(StrEnum):
    """Which of several disks that match."""

    SMALLEST = "smallest"
    LARGEST = "largest"


@dataclass(frozen=True, slots=True, kw_only=True)
class DiskMatch:
    """What is true of a disk: everything that is set here.

    Of ``any_of``, unless it is empty, at least one must be true as well. ``model`` and ``path``
    may have shell wildcards; sizes are bytes, both bounds included.
    """

    serial: str | None = None
    wwn: str | None = None
    model: str | None = None
    transport: str | None = None
    size_min: int | None = None
    size_max: int | None = None
    rotational: bool | None = None
    removable: bool | None = None
    path: str | None = None
    any_of: tuple[DiskMatch, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DiskSelector:
    """Which disk: by ``device`` (``/dev/sda``, ``/dev/disk/by-id/...``), ``serial`` or ``match``.

    Exactly one of the three is set; it must mean exactly one disk, for a ``match`` after ``pick``.
    """

    name: str
    device: str | None = None
    serial: str | None = None
    match: DiskMatch | None = None
    pick: Pick | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Packages:
    """The package set and the kernel."""

    set: PackageSet = PackageSet.MINIMAL
    kernel: KernelFlavour | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """A static route; ``to`` is a prefix or ``default``."""

    to: str
    via: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ethernet:
    """One wired interface, found by MAC address or by a name (shell wildcards allowed).

    With neither, the kickstart's own name for it (``name``) is the interface's name.
    """

    name: str
    match_mac: str | None = None
    match_name: str | None = None
    dhcp4: bool = False
    dhcp6: bool = False
    addresses: tuple[str, ...] = ()
    routes: tuple[Route, ...] = ()
    nameservers: tuple[str, ...] = ()
    search_domains: tuple[str, ...] = ()
    mtu: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Root:
    """The root account."""

    password: Password = field(default_factory=Password)
    ssh_keys: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """A user account to create."""

    name: str
    full_name: str = ""
    uid: int | None = None
    groups: tuple[str, ...] = ()
    sudo: SudoRule = SudoRule.NONE
    shell: str = "/bin/bash"
    password: Password = field(default_factory=Password)
    ssh_keys: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """A script that runs inside the new host's tree; ``timeout`` in seconds."""

    name: str
    lines: tuple[str, ...]
    timeout: float = 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Finish:
    """What the machine does at the end."""

    on_success: EndAction = EndAction.REBOOT
    on_failure: EndAction = EndAction.HOLD


@dataclass(frozen=True, slots=True, kw_only=True)
class InstallConfig:
    """Everything that was asked for. Services are pairs of unit name and state.

    ``schema`` is what the kickstart says to editors alone.
    """

    disks: tuple[DiskSelector, ...]
    schema: str | None = None
    hostname: str = "photon"
    locale: str = "C.UTF-8"
    keyboard: Keyboard = field(default_factory=Keyboard)
    timezone: str = "UTC"
    storage: Storage = field(default_factory=Storage)
    boot: Boot = field(default_factory=Boot)
    packages: Packages = Packages()
    network: tuple[Ethernet, ...] | None = None
    root: Root = field(default_factory=Root)
    users: tuple[User, ...] = ()
    services: tuple[tuple[str, ServiceState], ...] = ()
    post_scripts: tuple[Script, ...] = ()
    finish: Finish = Finish()
