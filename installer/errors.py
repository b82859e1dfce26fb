"""The ways an installation can fail, each with the exit code that scripts rely on."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum
from typing import Any, Self

from ks_schema.problem import Problem


class ExitCode(IntEnum):
    """Exit codes of every command; stable. Help, manual page and README have their meanings."""

    DONE = 0, "done"
    BUG = 1, "a bug"
    KICKSTART = 2, "the kickstart or the command line is not valid"
    MACHINE = 3, "the machine cannot be installed as asked"
    COMMAND = 4, "a command failed"
    CANCELLED = 5, "cancelled"
    UNREACHABLE = 6, "the kickstart could not be reached"
    REFUSED = 7, "the server refused to send the kickstart"
    UNPARSABLE = 8, "the kickstart is neither JSON nor YAML"
    PAYLOAD = 9, "the payload is missing, or is not what its index says"
    UNBOOTABLE = 10, "the host that was installed, or that was checked, would not boot"

    meaning: str

    def __new__(cls, code: int, meaning: str) -> Self:
        """A code with its meaning."""
        made = int.__new__(cls, code)
        made._value_ = code
        made.meaning = meaning
        return made


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
