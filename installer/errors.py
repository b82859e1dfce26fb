"""The ways an installation can fail, each with the exit code that scripts rely on."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum
from typing import Any

from ks_schema.problem import Problem


class ExitCode(IntEnum):
    """Exit codes of every command; stable, listed in the README."""

    DONE = 0
    BUG = 1
    KICKSTART = 2
    MACHINE = 3
    COMMAND = 4
    CANCELLED = 5
    UNREACHABLE = 6
    REFUSED = 7
    UNPARSABLE = 8
    PAYLOAD = 9
    UNBOOTABLE = 10


class InstallerError(Exception):
    """What went wrong and where (``message``), and what to do about it (``hint``)."""

    exit_code = ExitCode.BUG
    # What was found in a kickstart, each with its place; none where it is about something else.
    problems: tuple[Problem, ...] = ()

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}\n  {self.hint}" if self.hint else self.message

    def to_json(self) -> dict[str, Any]:
        """The error as plain data, for ``--json``."""
        return {
            "error": type(self).__name__,
            "exit_code": int(self.exit_code),
            "message": self.message,
            "hint": self.hint,
            "problems": [problem.to_json() for problem in self.problems],
        }


class ProblemsFound(InstallerError):
    """A check found something: every finding at once, each with its place and its remedy."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class KickstartInvalid(ProblemsFound):
    """The kickstart was read, but says something that cannot be."""

    exit_code = ExitCode.KICKSTART


class MachineUnfit(ProblemsFound):
    """The machine cannot be installed as asked: no such disk, too small, in use, wrong firmware."""

    exit_code = ExitCode.MACHINE


class KickstartUnparsable(InstallerError):
    """The kickstart is neither JSON nor YAML; ``problem`` says where."""

    exit_code = ExitCode.UNPARSABLE

    def __init__(self, problem: Problem, hint: str = "") -> None:
        place = f"{problem.file}:{problem.line}:{problem.column}"
        super().__init__(f"{place}: {problem.message}", hint or problem.hint)
        self.problems = (problem,)


class KickstartUnreachable(InstallerError):
    """The place of the kickstart did not answer: no route, no such host, no such volume or file."""

    exit_code = ExitCode.UNREACHABLE


class KickstartRefused(InstallerError):
    """The server answered and did not give the kickstart (HTTP 4xx or 5xx, bad certificate)."""

    exit_code = ExitCode.REFUSED


class PayloadBad(InstallerError):
    """The payload is missing, or is not what its index says."""

    exit_code = ExitCode.PAYLOAD


class Unbootable(InstallerError):
    """The boot check found what keeps the installed host from starting."""

    exit_code = ExitCode.UNBOOTABLE


class CommandFailed(InstallerError):
    """A program that the installation needs ended with an error."""

    exit_code = ExitCode.COMMAND


class Cancelled(InstallerError):
    """The user, or a signal, ended the installation."""

    exit_code = ExitCode.CANCELLED
