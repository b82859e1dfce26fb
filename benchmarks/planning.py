"""How long the planner thinks: the whole plan for a machine with 24 disks.

Runs on any machine, without root and without the medium.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from statistics import median

from benchmarks.results import Figure, Section, arguments, publish
from benchmarks.screens import percentile
from installer import api
from installer.machine.facts import machine_from_json
from installer.plan.build import make_plan
from installer.sources.kickstart import read_kickstart
from tests.engine import MACHINES, TESTS, payload

MACHINE = MACHINES / "24-disks.json"
KICKSTART = TESTS / "plans/one-of-24/kickstart.json"
GOAL = 0.05
WARM_UP = 20


def main() -> None:
    """Measure, print, and write the section of the results."""
    options = arguments(__doc__, rounds=200).parse_args()
    plans, loads = rounds(options.rounds)
    slow = percentile(plans, 99)
    ratios = [plan / load for plan, load in zip(plans, loads, strict=True)]
    publish(
        Section(
            title="Planning",
            how=(
                f"From a configuration and a machine with 24 disks to the finished plan, "
                f"{options.rounds} times in one process after {WARM_UP} that do not count. In each "
                f"round the text of the same machine ({MACHINE.stat().st_size / 1000:.0f} kB) is "
                f"read by json.loads as well, as a measure of this computer."
            ),
            figures=[
                Figure(what="plan, median", measured=_ms(median(plans))),
                Figure(
                    what="plan, 99th percentile",
                    measured=_ms(slow),
                    goal=f"at most {_ms(GOAL)}",
                    met=slow <= GOAL,
                ),
                Figure(what="json.loads of the machine, median", measured=_ms(median(loads))),
                Figure(what="plan to json.loads", measured=f"{median(ratios):.1f}"),
            ],
            note=options.note,
        )
    )


def rounds(count: int) -> tuple[list[float], list[float]]:
    """Seconds of each plan, and of each reading of the machine, in turns."""
    text = MACHINE.read_text(encoding="utf-8")
    machine = machine_from_json(json.loads(text))
    config = api.configuration(read_kickstart(str(KICKSTART), emit=lambda _: None))
    index = payload()
    seconds = [
        (
            _seconds(lambda: make_plan(config, machine, index, seed="0" * 32)),
            _seconds(lambda: json.loads(text)),
        )
        for _ in range(WARM_UP + count)
    ]
    plans, loads = zip(*seconds[WARM_UP:], strict=True)
    return list(plans), list(loads)


def _seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.3g} ms"


if __name__ == "__main__":
    main()
