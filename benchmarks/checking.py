"""What ``photon-installer check`` of a small kickstart costs: processor time and modules.

Runs on any machine, without root and without the medium.
"""

from __future__ import annotations

import resource
import subprocess
import sys
from statistics import median

from benchmarks.results import Figure, Section, arguments, publish
from tests.engine import TESTS

PROJECT = TESTS.parent
KICKSTART = PROJECT / "ks_schema/examples/short.json"
GOAL = 0.25
CHECK = (sys.executable, "-m", "installer", "check", str(KICKSTART))
# What cannot be saved as long as jsonschema does the check.
FLOOR = (sys.executable, "-c", "import argparse, dataclasses, jsonschema")
MODULES = """
import sys
from installer.command.main import main
main(["check", sys.argv[1]])
print(sum(name.split(".")[0] in {"installer", "ks_schema"} for name in sys.modules))
"""


def main() -> None:
    """Measure, print, and write the section of the results."""
    options = arguments(__doc__, rounds=30).parse_args()
    for command in (CHECK, FLOOR):
        _processor_seconds(command)
    seconds = [
        (_processor_seconds(CHECK), _processor_seconds(FLOOR)) for _ in range(options.rounds)
    ]
    checks = [check for check, _ in seconds]
    loaded = subprocess.run(
        [sys.executable, "-c", MODULES, KICKSTART],
        cwd=PROJECT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    publish(
        Section(
            title="Checking",
            how=(
                f"`photon-installer check` of the shortest kickstart, {options.rounds} times after "
                "one that does not count: processor time of the whole process, user and system. "
                "In each round a process that only imports argparse, dataclasses and jsonschema "
                "has its turn as well."
            ),
            figures=[
                Figure(
                    what="check, median",
                    measured=f"{median(checks):.3f} s",
                    goal=f"at most {GOAL} s",
                    met=median(checks) <= GOAL,
                ),
                Figure(
                    what="check to the imports alone",
                    measured=f"{median(check / floor for check, floor in seconds):.2f}",
                ),
                Figure(what="modules of ours that it loads", measured=loaded.stdout.split()[-1]),
            ],
            note=options.note,
        )
    )


def _processor_seconds(command: tuple[str, ...]) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, cwd=PROJECT, stdout=subprocess.DEVNULL, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


if __name__ == "__main__":
    main()
