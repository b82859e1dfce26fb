"""Shows what was drawn, once, to whoever sits before the machine: past logs, events and files."""

from __future__ import annotations

import contextlib
import os
import select
from collections.abc import Iterable, Iterator
from pathlib import Path

from installer.config.recovery import ShownOnce, key_lines
from installer.errors import CommandFailed
from installer.events import Event
from installer.system.run import ProcessRunner

_ACTIVE = Path("/sys/class/tty/console/active")
_TERMINAL = Path("/dev/tty")
_PATIENCE_SECONDS = 60.0


def show_on_terminal(shown: Iterable[ShownOnce]) -> None:
    """Show them on the terminal that the command was started from.

    :raises OSError: there is none.
    """
    with _TERMINAL.open("w", encoding="utf-8") as terminal:
        terminal.write(notice_text(shown))


def has_terminal() -> bool:
    """Whether the command was started from a terminal, wherever its output goes."""
    try:
        _TERMINAL.open("w", encoding="utf-8").close()
    except OSError:
        return False
    return True


def show_on_consoles(shown: Iterable[ShownOnce], *, patience: float = _PATIENCE_SECONDS) -> None:
    """Show them on every console, until Enter is pressed on one, or ``patience`` seconds passed."""
    text = notice_text(shown)
    if not text:
        return
    with contextlib.ExitStack() as stack:
        consoles = list(_open_consoles(stack))
        wait = f"Press Enter to go on (or wait {patience:.0f} s).\n"
        for console in consoles:
            with contextlib.suppress(OSError):
                os.write(console, (text + wait).replace("\n", "\r\n").encode())
        ready, _, _ = select.select(consoles, [], [], patience)
        for console in ready:
            with contextlib.suppress(OSError):
                os.read(console, 4096)


def notice_text(shown: Iterable[ShownOnce]) -> str:
    """What is shown: each as text, and as a QR code where one can be made."""
    return "".join(_one(each) for each in shown)


def _one(shown: ShownOnce) -> str:
    lines = ["", f"{shown.title}: it is shown once; write it down.", *shown.purpose, ""]
    lines += [f"    {line}" for line in key_lines(shown.secret)]
    lines += ["", *qr_lines(shown.secret.reveal())]
    return "\n".join(lines) + "\n"


def qr_lines(text: str) -> list[str]:
    """A QR code in half blocks; nothing where ``qrencode`` is not installed.

    Nobody hears of the program or of what it prints, which is the key.
    """
    try:
        code = ProcessRunner(_to_nobody).run(["qrencode", "--type=UTF8", "--margin=2"], stdin=text)
    except CommandFailed:
        return []
    return code.splitlines()


def _to_nobody(_event: Event) -> None:
    pass


def _open_consoles(stack: contextlib.ExitStack) -> Iterator[int]:
    for name in _ACTIVE.read_text(encoding="ascii").split() if _ACTIVE.is_file() else ():
        # tty0 is whichever virtual terminal is in front.
        with contextlib.suppress(OSError):
            descriptor = os.open(f"/dev/{name}", os.O_RDWR | os.O_NOCTTY)
            stack.callback(os.close, descriptor)
            yield descriptor
