"""How long each part of the tests took, kept in ``build/times.json`` with the machine's speed.

Only the standard library: it runs before anything else is installed.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal

from tests.speed import machine

FILE = Path("build/times.json")
Kind = Literal["parts", "cases"]


def reset() -> None:
    """Forget all times, and measure the machine."""
    _write({"machine": machine(), "parts": {}, "cases": {}})


def prepare() -> None:
    """Make the file, as the user who runs the tests, before any part of them runs as root."""
    if not FILE.exists():
        reset()


def record(kind: Kind, name: str, *, seconds: float, outcome: str, stalls: int = 0) -> None:
    """Keep the time of a part, or of a case of the virtual machines.

    The times of a part that runs again add up: the later runs may have found nothing to do.
    ``stalls`` is how often the emulator stood still, and the case was started again.
    """
    times = _read()
    before = times[kind].get(name, {"seconds": 0.0})["seconds"] if kind == "parts" else 0.0
    times[kind][name] = {"seconds": round(before + seconds, 1), "outcome": outcome}
    if stalls:
        times[kind][name]["stalls"] = stalls
    _write(times)


def report() -> str:
    """All times as text, and which cases ran twice."""
    times = _read()
    parts, cases = times["parts"], times["cases"]
    speed = times["machine"]["speed"]
    lines = [f"seconds on this machine ({speed} times as fast as the reference machine):"]
    lines += [_line(name, part) for name, part in parts.items()]
    lines.append(f"{'together':<26} {sum(part['seconds'] for part in parts.values()):>6.0f}")
    lines += [f"  {_line(name, case, width=24)}" for name, case in sorted(cases.items())]
    stalled = [f"{name} ({case['stalls']})" for name, case in cases.items() if "stalls" in case]
    if cases:
        lines.append(f"cases that ran again because the emulator stood still: "
                     f"{', '.join(stalled) or 'none'}")  # fmt: skip
    return "\n".join(lines)


def _line(name: str, row: dict[str, Any], *, width: int = 26) -> str:
    outcome = "" if row["outcome"] == "passed" else f"  {row['outcome'].upper()}"
    return f"{name:<{width}} {row['seconds']:>6.0f}{outcome}"


def _read() -> dict[str, Any]:
    prepare()
    times: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
    return times


def _write(times: dict[str, Any]) -> None:
    FILE.parent.mkdir(exist_ok=True)
    FILE.write_text(json.dumps(times, indent=1) + "\n", encoding="utf-8")
