"""How fast the screens are, and how many bytes they send: for the tests and the benchmarks."""

from __future__ import annotations

import fcntl
import os
import pty
import struct
import tempfile
import termios
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from urwid.display import raw

from screens.full_screen.palette import PALETTE
from tests.screens.walker import SIZE, MemoryEngine, Walker, machine

SCREENS = ("welcome", "disk", "storage", "boot", "packages", "network", "host", "accounts")
KEYS = ("tab", "tab", "down", " ", "f10", "e", "d", "g", "e", "backspace", "f1", "esc")


@dataclass(frozen=True, kw_only=True)
class Repaint:
    """A key, the seconds from it to the last byte of the repaint, and the bytes sent.

    ``cpu`` are the seconds that this thread worked, whatever else the machine had to do.
    """

    screen: str
    key: str
    seconds: float
    cpu: float
    sent: int


class Wire:
    """A pseudo-terminal of 80x24 that urwid draws on, as on a serial line."""

    def __init__(self) -> None:
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        os.set_blocking(self._master, False)
        self._files = (os.fdopen(slave, "r+b", buffering=0, closefd=False), slave)
        text: Any = os.fdopen(slave, "w", closefd=False)
        source: Any = os.fdopen(slave, "r", closefd=False)
        self._screen: Any = raw.Screen(input=source, output=text)
        self._screen.register_palette(PALETTE)
        self._texts = (text, source)
        self._screen.start()
        self.read()

    def draw(self, walker: Walker) -> None:
        self._screen.draw_screen(SIZE, walker.app.widget.render(SIZE, True))

    def read(self) -> int:
        """Bytes that have come since the last time."""
        count = 0
        while True:
            try:
                count += len(os.read(self._master, 1 << 16))
            except BlockingIOError:
                return count

    def close(self) -> None:
        self._screen.stop()
        self.read()
        for file in self._texts:
            file.close()
        self._files[0].close()
        os.close(self._files[1])
        os.close(self._master)


def first_paint(folder: Path) -> Repaint:
    """From nothing to the welcome on the wire, Python's start and imports not counted."""
    start, cpu = time.perf_counter(), time.thread_time()
    walker = Walker(MemoryEngine(machine=machine("virtualbox")), folder)
    wire = Wire()
    wire.draw(walker)
    seconds, cpu = time.perf_counter() - start, time.thread_time() - cpu
    sent = wire.read()
    wire.close()
    return Repaint(screen=walker.id, key="", seconds=seconds, cpu=cpu, sent=sent)


def repaints(folder: Path, keys: tuple[str, ...] = KEYS) -> list[Repaint]:
    """Every screen of a walk, and on each the time and bytes of some keys."""
    walker = Walker(MemoryEngine(machine=machine("virtualbox")), folder)
    walker.app.walk.set("ssh_key", "ssh-ed25519 " + KEY_BLOB)
    wire = Wire()
    wire.draw(walker)
    wire.read()
    found: list[Repaint] = []
    for name in SCREENS:
        # The keys may have led further than to the next screen.
        while walker.id not in SCREENS[: SCREENS.index(name) + 1]:
            walker.keys("esc")
        walker.go(name)
        wire.draw(walker)
        wire.read()
        for key in keys:
            start, cpu = time.perf_counter(), time.thread_time()
            walker.app.widget.keypress(SIZE, key)
            wire.draw(walker)
            seconds, cpu = time.perf_counter() - start, time.thread_time() - cpu
            walker.settle()
            found.append(
                Repaint(screen=walker.id, key=key, seconds=seconds, cpu=cpu, sent=wire.read())
            )
    wire.close()
    walker.app.session.release()
    return found


KEY_BLOB = "AAAAC3NzaC1lZDI1NTE5AAAAIJ" + "A" * 41 + "B"


def main() -> None:
    """Print the figures."""
    with tempfile.TemporaryDirectory() as folder:
        paint = first_paint(Path(folder))
        print(f"first paint: {paint.seconds * 1000:.1f} ms, {paint.sent} bytes")
        found = repaints(Path(folder))
    for text, values in (
        ("ms", sorted(each.seconds * 1000 for each in found)),
        ("bytes", sorted(float(each.sent) for each in found)),
    ):
        middle, high = values[len(values) // 2], values[int(len(values) * 0.99)]
        print(f"{len(values)} keys: median {middle:.1f} {text}, 99th percentile {high:.1f} {text}")


if __name__ == "__main__":
    main()
