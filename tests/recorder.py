"""A runner that only keeps account, for tests of what programs are told."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from installer.actions.context import Context
from installer.errors import CommandFailed
from installer.system.runner import Input


@dataclass(slots=True)
class Recorder:
    """A runner that starts nothing: it keeps what it was told, and answers from a table."""

    commands: list[str] = field(default_factory=list)
    inputs: list[Input] = field(default_factory=list)
    answers: dict[str, list[str]] = field(default_factory=dict)
    failing: list[str] = field(default_factory=list)

    def run(
        self,
        argv: Sequence[str],
        *,
        stdin: Input = None,
        timeout: float | None = None,  # noqa: ARG002
        watch: Callable[[int], None] | None = None,  # noqa: ARG002
    ) -> str:
        self.commands.append(" ".join(argv))
        self.inputs.append(stdin)
        if argv[0] in self.failing:
            self.failing.remove(argv[0])
            raise CommandFailed(f"{argv[0]}: ended with exit code 1")
        answers = self.answers.get(" ".join(argv[:2]), [])
        return answers.pop(0) if answers else ""


def recorded_context(runner: Recorder, folder: Path) -> Context:
    """A context with the partitions a to d, and a folder for the new root."""
    nodes = {f"partition/{letter}": f"/dev/sd{letter}1" for letter in "abcd"}
    (folder / "root").mkdir()
    return Context(
        runner=runner,
        emit=lambda _: None,
        target=folder / "root",
        work=folder / "work",
        nodes=nodes,
    )
