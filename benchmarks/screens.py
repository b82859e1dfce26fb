"""How soon the screens are there, and how soon they answer a key.

Runs on any machine, without root and without the medium.
"""

from __future__ import annotations

import os
import pty
import select
import signal
import struct
import sys
import termios
import time
from collections.abc import Sequence
from fcntl import ioctl
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Self

import pyte

from benchmarks.results import Figure, Section, arguments, publish

MACHINE = Path("tests/machines/24-disks.json").resolve()
FIRST_SCREEN = "Welcome to Photon"
LAST_STEP, PLANNED = "[review]", "Data that will be lost"
GOAL_REPAINT = 0.01
# A key that is not answered within this changes nothing.
ANSWER = 0.1
COLUMNS, ROWS = 80, 24
LONGEST = 30.0
# After so long without a key what was typed is checked, and what is wrong with it is shown.
CHECKED = 0.5
# The answer to a key has ended when the screen has said nothing more for so long.
QUIET = 0.05

TAB, BACK_TAB, DOWN, UP, SPACE = "\t", "\x1b[Z", "\x1b[B", "\x1b[A", " "
NEXT = "\x1b[21~"  # F10
WALK_AROUND = (TAB, DOWN, DOWN, UP, DOWN, TAB, UP, BACK_TAB, DOWN, DOWN, TAB, UP, UP)
PASSWORD = "correct horse battery"


def main() -> None:
    """Measure, print, and write the section of the results."""
    options = arguments(__doc__, rounds=5).parse_args()
    paints = [first_paint() for _ in range(options.rounds)]
    repaints = [seconds for _ in range(options.rounds) for seconds in key_repaints()]
    slow = percentile(repaints, 99)
    publish(
        Section(
            title="Screens",
            how=(
                f"On a pseudo-terminal of {COLUMNS}x{ROWS}. First paint: from the start of "
                f"`installer tui` to the whole first screen, median of {options.rounds}. Repaint: "
                f"from a key to the last byte it makes the screens send, {len(repaints)} keys on "
                f"every screen up to the review, on a machine with 24 disks."
            ),
            figures=[
                Figure(what="first paint", measured=f"{median(paints):.2f} s"),
                Figure(what="key to repaint, median", measured=_ms(median(repaints))),
                Figure(
                    what="key to repaint, 99th percentile",
                    measured=_ms(slow),
                    goal=f"at most {_ms(GOAL_REPAINT)}",
                    met=slow <= GOAL_REPAINT,
                ),
                Figure(what="key to repaint, slowest", measured=_ms(max(repaints))),
            ],
            note=options.note,
        )
    )


class Terminal:
    """A program on a pseudo-terminal, and what it shows."""

    def __init__(self, command: Sequence[str]) -> None:
        self._screen = pyte.Screen(COLUMNS, ROWS)
        self._stream = pyte.ByteStream(self._screen)
        self.started = time.monotonic()
        self._pid, self._handle = pty.fork()
        if self._pid == 0:
            os.environ["TERM"] = "linux"
            os.execv(command[0], list(command))
        ioctl(self._handle, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        os.kill(self._pid, signal.SIGKILL)
        os.waitpid(self._pid, 0)
        os.close(self._handle)

    @property
    def text(self) -> str:
        """What is on the screen."""
        return "\n".join(self._screen.display)

    def wait_for(self, text: str) -> float:
        """Seconds from the start until ``text`` is shown.

        :raises TimeoutError: it did not come.
        """
        while text not in self.text:
            if not self._listen(LONGEST):
                raise TimeoutError(f"no {text!r} on the screen:\n{self.text}")
        return time.monotonic() - self.started

    def press(self, key: str) -> float | None:
        """Seconds from the key to the end of its answer; None when it changes nothing."""
        pressed = time.monotonic()
        os.write(self._handle, key.encode())
        answered, said = None, b""
        while piece := self._read(QUIET if answered else ANSWER + QUIET):
            answered = time.monotonic() - pressed
            said += piece
        # To draw it takes this terminal longer than the screens took to send it.
        self._stream.feed(said)
        return answered

    def type(self, keys: str) -> None:
        """Type without waiting for an answer."""
        os.write(self._handle, keys.encode())

    def listen(self, seconds: float) -> None:
        """Take in what the program says for so long."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            self._listen(left)

    def _listen(self, seconds: float) -> bool:
        """Take in one piece of what the program says; False when it stays silent so long."""
        said = self._read(seconds)
        self._stream.feed(said)
        return bool(said)

    def _read(self, seconds: float) -> bytes:
        """One piece of what the program says; empty when it stays silent so long."""
        if not select.select([self._handle], [], [], seconds)[0]:
            return b""
        try:
            return os.read(self._handle, 1 << 16)
        except OSError as error:  # EIO: the program has ended
            raise RuntimeError(f"the screens ended:\n{self.text}") from error


def first_paint() -> float:
    """Seconds from the start of the command to its first screen."""
    with Terminal([sys.executable, "-m", "installer", "tui"]) as terminal:
        return terminal.wait_for(FIRST_SCREEN)


def key_repaints() -> list[float]:
    """The answer times of all keys on a walk from the first screen to the review."""
    times: list[float | None] = []
    with TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "benchmarks.screens_host", str(MACHINE), folder]
        with Terminal(command) as terminal:
            terminal.wait_for(FIRST_SCREEN)
            while LAST_STEP not in terminal.text:
                before = terminal.text
                for answer in answers(before):
                    times += [terminal.press(key) for key in keys_of(answer)]
                    # What the check then has to say does not answer the next key.
                    terminal.listen(CHECKED)
                times += [terminal.press(key) for key in WALK_AROUND]
                times.append(terminal.press(NEXT))
                if terminal.text.splitlines()[0] == before.splitlines()[0]:
                    raise RuntimeError(f"this screen cannot be left:\n{terminal.text}")
            terminal.wait_for(PLANNED)  # hashing and planning are no repaints
            times += [terminal.press(key) for key in WALK_AROUND]
    return [each for each in times if each is not None]


def answers(screen: str) -> tuple[str, ...]:
    """What gives a screen what it cannot do without, from its first field on."""
    if "[disk]" in screen:
        return (SPACE,)
    if "[accounts]" in screen:
        return (PASSWORD, DOWN, PASSWORD)
    return ()


def keys_of(text: str) -> tuple[str, ...]:
    """A text as the keys to type; a key that sends an escape sequence is one."""
    return (text,) if text.startswith("\x1b") else tuple(text)


def percentile(values: Sequence[float], percent: float) -> float:
    """The smallest value that ``percent`` of all values do not exceed (nearest rank)."""
    ordered = sorted(values)
    rank = -(-len(ordered) * percent // 100)
    return ordered[max(0, int(rank) - 1)]


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.1f} ms"


if __name__ == "__main__":
    main()
