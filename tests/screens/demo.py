"""The screens in this terminal on a machine from a file; nothing is installed.

``python -m tests.screens.demo MACHINE FOLDER [--plain] [--console NAME]`` prints how it ended.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from installer.events import Event, Finished, Message, PhasePlanned, PhaseStarted, Progress, Started
from screens.full_screen.app import App
from screens.line_mode.plain import run_plain
from screens.options import Options
from screens.session import Paths
from tests.screens.walker import SEED, MemoryEngine, machine

PHASES = ("Verify the payload", "Partition the disk", "Extract the system", "Make the disk start")


def script() -> tuple[Event, ...]:
    """A short installation."""
    weight = 1 / len(PHASES)
    events: list[Event] = [
        Started(
            disk="sda",
            phases=tuple(PhasePlanned(id=each, title=each, weight=weight) for each in PHASES),
        )
    ]
    for number, title in enumerate(PHASES, start=1):
        events += [
            PhaseStarted(id=title, title=title),
            Message(level="info", text=f"{title}: a line of the log"),
            Progress(fraction=number * weight),
        ]
    return (*events, Finished(seconds=dict.fromkeys(PHASES, 1.5), next="reboot"))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("machine")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--plain", action="store_true")
    parser.add_argument("--console", default="ttyS0")
    arguments = parser.parse_args()
    engine = MemoryEngine(machine=machine(arguments.machine), script=script())
    options = Options(seed=SEED, console=arguments.console, paths=Paths(folder=arguments.folder))
    outcome = run_plain(engine, options) if arguments.plain else App(engine, options).run()
    print(f"\nended: {outcome.value}")


if __name__ == "__main__":
    main()
