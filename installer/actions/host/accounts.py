"""Steps on accounts: groups, users, passwords."""

from __future__ import annotations

from dataclasses import dataclass

from installer.actions.context import Context
from installer.secret import Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateGroup:
    """Create a user's own group (``gid``), or a system group unless the new host has it."""

    name: str
    gid: int | None = None
    weight: float = 0.1

    def describe(self) -> str:
        """See :class:`~installer.actions.action.Action`."""
        if self.gid is not None:
            return f"create the group {self.name} (gid {self.gid})"
        return f"create the group {self.name}, if missing"

    def check(self, context: Context) -> None:
        """Nothing to look at before the root is there."""

    def run(self, context: Context) -> None:
        """Create it."""
        options = ["--force", "--system"] if self.gid is None else ["--gid", str(self.gid)]
        context.runner.run(["chroot", str(context.target), "groupadd", *options, self.name])


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateUser:
    """Create a user with a home folder, in the group of the same name, which is there already."""

    name: str
    uid: int
    full_name: str
    groups: tuple[str, ...]
    shell: str
    weight: float = 0.3

    def describe(self) -> str:
        """See :class:`~installer.actions.action.Action`."""
        groups = f", groups {', '.join(self.groups)}" if self.groups else ""
        return f"create the user {self.name} (uid {self.uid}{groups})"

    def check(self, context: Context) -> None:
        """Nothing to look at before the root is there."""

    def run(self, context: Context) -> None:
        """Create it."""
        context.runner.run(
            [
                "chroot",
                str(context.target),
                "useradd",
                "--create-home",
                "--uid",
                str(self.uid),
                "--gid",
                self.name,
                "--comment",
                self.full_name,
                "--shell",
                self.shell,
                *(["--groups", ",".join(self.groups)] if self.groups else []),
                self.name,
            ]
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SetPassword:
    """Set the password of an account to a hash (crypt(5)), or lock it (None)."""

    user: str
    hashed: Secret | None
    weight: float = 0.1

    def describe(self) -> str:
        """See :class:`~installer.actions.action.Action`."""
        return (
            f"set the password of {self.user}"
            if self.hashed
            else f"lock the password of {self.user}"
        )

    def check(self, context: Context) -> None:
        """Nothing to look at before the root is there."""

    def run(self, context: Context) -> None:
        """Set it; the hash goes over standard input, so that no process list shows it."""
        line = f"{self.user}:{self.hashed.reveal() if self.hashed else '!*'}\n"
        context.runner.run(
            ["chroot", str(context.target), "chpasswd", "--encrypted"], stdin=Secret(line)
        )
