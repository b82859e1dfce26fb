"""How long the screens need for much that is typed at once, and for keys in a long field.

Runs on any machine, without root and without the medium.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median
from tempfile import TemporaryDirectory

from benchmarks.results import Figure, Section, arguments, publish
from benchmarks.screens import FIRST_SCREEN, NEXT, SPACE, TAB, Terminal, percentile

MACHINE = "tests/machines/24-disks.json"
GOAL_KEY = 0.01
GOAL_PASTE = 0.1
_KEYS = 300
# Between two keys: a fast typist, for whom a check begins now and then.
_PAUSE = 0.12


def main() -> None:
    """Measure, print, and write the section of the results."""
    options = arguments(__doc__, rounds=3).parse_args()
    figures = [
        _paste(f"{size} characters {how}", size, marked, options.rounds)
        for size in (80, 2000, 10_000)
        for how, marked in (("pasted", True), ("typed ahead", False))
    ]
    figures += [
        _keys("an empty field", 0),
        _keys("a field of 10 kB", 10_000),
    ]
    publish(
        Section(
            title="Pastes",
            how=(
                "Into the field for the SSH key, on a pseudo-terminal of 80x24 and a machine with "
                f"24 disks: median of {options.rounds} from the first byte to the whole answer. "
                f"Keys: {_KEYS}, one every {_PAUSE * 1000:.0f} ms, while the checks run beside."
            ),
            figures=figures,
            note=options.note,
        )
    )


@contextmanager
def at_the_key() -> Iterator[Terminal]:
    """The screens, with the focus in the field for the SSH key."""
    with TemporaryDirectory() as directory:
        command = [sys.executable, "-m", "benchmarks.screens_host", MACHINE, directory]
        with Terminal(command) as terminal:
            terminal.wait_for(FIRST_SCREEN)
            terminal.type(NEXT)
            terminal.wait_for("[disk]")
            terminal.type(SPACE)
            for screen in ("storage", "boot", "packages", "network", "host", "accounts"):
                terminal.type(NEXT)
                terminal.wait_for(f"[{screen}]")
            terminal.type(TAB * 6)
            terminal.wait_for("> SSH public key")
            yield terminal


def _paste(what: str, size: int, marked: bool, rounds: int) -> Figure:
    seconds = median(_pasted(size, marked=marked) for _ in range(rounds))
    met = seconds <= GOAL_PASTE
    goal = f"at most {GOAL_PASTE * 1000:.0f} ms"
    return Figure(what=what, measured=f"{seconds * 1000:.0f} ms", goal=goal, met=met)


def _pasted(size: int, *, marked: bool) -> float:
    text = "A" * (size - 8) + "the end."
    begin, end = ("\x1b[200~", "\x1b[201~") if marked else ("", "")
    with at_the_key() as terminal:
        started = time.monotonic()
        terminal.type(f"{begin}{text}{end}")
        terminal.wait_for("the end.")
        return time.monotonic() - started


def _keys(where: str, size: int) -> Figure:
    with at_the_key() as terminal:
        terminal.type(f"{'A' * size}xyz")
        terminal.wait_for("xyz ")
        times = [_pressed(terminal, "xyz"[number % 3]) for number in range(_KEYS)]
    slow = percentile(times, 99)
    return Figure(
        what=f"key to repaint in {where}, 99th percentile",
        measured=f"{slow * 1000:.1f} ms (median {median(times) * 1000:.1f} ms)",
        goal=f"at most {GOAL_KEY * 1000:.0f} ms",
        met=slow <= GOAL_KEY,
    )


def _pressed(terminal: Terminal, key: str) -> float:
    # What a check has to say is taken in here: it does not answer the next key.
    terminal.listen(_PAUSE)
    started = time.monotonic()
    terminal.type(key)
    terminal.wait_for({"x": "yzx ", "y": "zxy ", "z": "xyz "}[key])
    return time.monotonic() - started


if __name__ == "__main__":
    main()
