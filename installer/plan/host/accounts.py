"""What the payload says of the accounts that are asked for, before anything is written."""

from __future__ import annotations

from collections.abc import Iterator

from installer.config.accounts import User
from installer.config.kickstart import InstallConfig
from installer.payload.index import PayloadTree
from installer.plan.host.contents import nearest_program
from ks_schema.problem import Problem


def account_problems(config: InstallConfig, tree: PayloadTree) -> tuple[Problem, ...]:
    """Users whose names the payload has already, and those whose shells it lacks."""
    return tuple(
        problem
        for index, user in enumerate(config.users)
        for problem in _user_problems(f"/users/{index}", user, config, tree)
    )


def _user_problems(
    pointer: str, user: User, config: InstallConfig, tree: PayloadTree
) -> Iterator[Problem]:
    # useradd and groupadd fail on a name that is there; each user has a group of the same name.
    if user.name in tree.groups | tree.users:
        yield Problem(
            pointer=f"{pointer}/name",
            message=f"{tree.name} has a system account or group {user.name} already",
            hint="choose another name",
        )
    # A script may install it; without one nobody logs in to an account like that.
    if tree.contents.lacks_program(user.shell) and not config.scripts.post:
        yield Problem(
            pointer=f"{pointer}/shell",
            message=f"{tree.name} has no {user.shell}: {user.name} could not log in",
            hint=nearest_program(user.shell, tree) or "use /bin/bash",
        )
