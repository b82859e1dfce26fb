"""Who can log in to the host."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from installer.config.codecs import SshKey
from installer.config.password import Password


class SudoRule(StrEnum):
    """Whether a user may become root, and whether sudo asks for the password."""

    NONE = "none"
    PASSWORD = "password"
    NO_PASSWORD = "no_password"


@dataclass(frozen=True, slots=True, kw_only=True)
class Root:
    """The root account."""

    password: Password = field(default_factory=Password)
    ssh_keys: tuple[SshKey, ...] = ()


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
    ssh_keys: tuple[SshKey, ...] = ()
