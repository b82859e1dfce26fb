"""The consoles of the running system, for what must be seen wherever somebody looks."""

from __future__ import annotations

import io
import os
import select
from pathlib import Path

_ACTIVE = Path("/sys/class/tty/console/active")
_DEV = Path("/dev")


class Consoles(io.TextIOBase):
    """A text stream that goes to the first screen and to each serial console.

    A console that takes nothing (a serial line with nobody at its end) is left out after that.
    """

    def __init__(self, names: tuple[str, ...]) -> None:
        super().__init__()
        self._open = [descriptor for name in names if (descriptor := _open(name)) is not None]

    def write(self, text: str) -> int:
        """Write to every console, with the line ends that a raw terminal needs."""
        data = text.replace("\n", "\r\n").encode()
        self._open = [each for each in self._open if _write(each, data)]
        return len(text)

    def close(self) -> None:
        """Close every console."""
        while self._open:
            os.close(self._open.pop())
        super().close()


def console_names(active: Path = _ACTIVE) -> tuple[str, ...]:
    """The first screen, and every console of the kernel that is not a screen."""
    try:
        names = active.read_text(encoding="ascii").split()
    except OSError:
        names = []
    return ("tty1", *(name for name in names if not name.startswith("tty0")))


def _open(name: str) -> int | None:
    try:
        return os.open(_DEV / name, os.O_WRONLY | os.O_NOCTTY | os.O_NONBLOCK)
    except OSError:
        return None


def _write(descriptor: int, data: bytes) -> bool:
    """Write it all; False when the console does not take it within a second."""
    while data:
        if not select.select([], [descriptor], [], 1.0)[1]:
            return False
        try:
            data = data[os.write(descriptor, data) :]
        except BlockingIOError:
            continue
        except OSError:
            os.close(descriptor)
            return False
    return True
