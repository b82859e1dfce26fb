"""The smallest memory with which the medium installs the minimal set in a virtual machine.

Needs the built medium and what the VM tests need.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from benchmarks.machines import KICKSTARTS, machine_kind, unattended
from benchmarks.results import Figure, Section, arguments, publish
from tests.vm.guest import end_of_installation
from tests.vm.http_server import HttpServer
from tests.vm.virtual_machine import VirtualMachine, VmError

NAME = "benchmark-memory"
SMALLEST, LARGEST, STEP = 256, 1024, 64  # MiB
GOAL = 512
# A machine that is short of memory may crawl instead of failing: it gets this many times as long
# as the one that has plenty.
PATIENCE = 3.0
LONGEST = 900.0


def main() -> None:
    """Measure, print, and write the section of the results."""
    options = arguments(__doc__).parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    plenty = seconds_with(LARGEST, timeout=LONGEST)
    if plenty is None:
        raise SystemExit(f"not even {LARGEST} MiB are enough; see build/vm/{NAME}")
    least = smallest(
        range(SMALLEST, LARGEST + 1, STEP),
        lambda size: seconds_with(size, timeout=PATIENCE * plenty) is not None,
    )
    publish(
        Section(
            title="Memory",
            how=(
                f"The smallest -m, in steps of {STEP} MiB by bisection, with which the medium "
                f"installs the minimal set from a CD: {machine_kind()}. A run that takes "
                f"{PATIENCE:g} times as long as with {LARGEST} MiB counts as failed."
            ),
            figures=[
                Figure(
                    what="smallest memory",
                    measured=f"{least} MiB",
                    goal=f"{GOAL} MiB",
                    met=least <= GOAL,
                ),
                Figure(what=f"reset to done with {LARGEST} MiB", measured=f"{plenty:.0f} s"),
            ],
            note=options.note,
        )
    )


def smallest(sizes: range, enough: Callable[[int], bool]) -> int:
    """The first of the sizes that is enough, by bisection; the last one is known to be."""
    low, high = 0, len(sizes) - 1
    while low < high:
        middle = (low + high) // 2
        if enough(sizes[middle]):
            high = middle
        else:
            low = middle + 1
    return sizes[low]


def seconds_with(memory_mib: int, *, timeout: float) -> float | None:
    """Seconds of an installation with that much memory; None when it does not get to its end."""
    with HttpServer(KICKSTARTS) as server:
        install = unattended(NAME, server, memory_mib=memory_mib)
        with VirtualMachine(install.config, label=f"{memory_mib}-mib") as vm:
            try:
                done = end_of_installation(vm, timeout=timeout) == 0
            except VmError as error:
                vm.note(f"{memory_mib} MiB: {str(error).splitlines()[0]}")
                return None
            vm.note(f"{memory_mib} MiB: {'installed' if done else 'failed'}")
            return vm.seconds if done else None


if __name__ == "__main__":
    main()
