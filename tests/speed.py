"""How fast this machine is at this moment. Only the standard library: it runs before anything else.

python3 tests/speed.py
"""

from __future__ import annotations

import os
import time
from pathlib import Path

# Processor-bound work of the kind that an emulator does, on the machine that the time limits of
# the tests were chosen on, doing nothing else.
REFERENCE_SECONDS = 0.052
_ROUNDS = 750_000
_SLOWEST = 10.0


def slowness() -> float:
    """How many times as long work takes here and now as on the reference machine, 1 to 10.

    What else the machine does counts: the work is timed by the clock. It takes some 50 ms.
    """
    return min(_SLOWEST, max(1.0, _work_seconds() / REFERENCE_SECONDS))


def machine() -> dict[str, object]:
    """The machine as plain data; a ``speed`` of 2 is twice that of the reference machine.

    The best of several measurements, so that a moment's load does not count.
    """
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "processor": _processor(),
        "cpus": os.cpu_count(),
        "memory_mib": memory >> 20,
        "speed": round(REFERENCE_SECONDS / min(_work_seconds() for _ in range(5)), 2),
    }


def _work_seconds() -> float:
    began = time.perf_counter()
    value = 1
    for _ in range(_ROUNDS):
        value = value * 1103515245 + 12345 & 0x7FFFFFFF
    return time.perf_counter() - began


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return "unknown"


if __name__ == "__main__":
    print(machine())
