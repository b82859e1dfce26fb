"""The entry of the screens: picks the renderer."""

from __future__ import annotations

import os
import sys
import termios

from installer.errors import CommandFailed
from screens.engine import Engine
from screens.options import Options, Outcome

_DUMB = frozenset({"", "dumb", "unknown"})
_SLOW_SECONDS = 1.5
_FAST_SECONDS = 0.3


def run(engine: Engine, *, seed: str, console: str | None, plain: bool) -> Outcome:
    """Ask on this terminal, install, and return what is to happen then.

    ``console`` is the terminal's name, as other consoles show it; ``seed`` is that of the plan.

    ``plain`` asks line by line, as for a terminal that can do nothing else (``TERM=dumb``), or
    where there is none.

    :raises CommandFailed: it was not started by root.
    """
    if os.geteuid() != 0:
        raise CommandFailed("Only root can install onto a disk.", "Start it with sudo.")
    give_size(sys.stdout.fileno())
    options = terminal_options(seed, console)
    if plain or not _is_screen():
        from screens.line_mode.plain import run_plain  # noqa: PLC0415  (no urwid there, no lines here)

        return run_plain(engine, options)
    from screens.full_screen.app import App  # noqa: PLC0415

    return App(engine, options).run()


def _is_screen() -> bool:
    """Whether this is a terminal on which text can be put anywhere."""
    terminal = sys.stdin.isatty() and sys.stdout.isatty()
    return terminal and os.environ.get("TERM", "") not in _DUMB


def terminal_options(seed: str, console: str | None) -> Options:
    """What is to know of the terminal: its name, its speed, how often it can be repainted."""
    name = console or _terminal_name()
    serial = name.rpartition("/")[2].startswith(("ttyS", "ttyAMA", "ttyUSB"))
    return Options(
        seed=seed,
        console=name,
        baud=_baud() if serial else 0,
        interval=_SLOW_SECONDS if serial else _FAST_SECONDS,
    )


def give_size(terminal: int) -> None:
    """A serial line knows no size and says 0x0; it gets the smallest that the screens need."""
    try:
        rows, columns = termios.tcgetwinsize(terminal)
        if not (rows and columns):
            termios.tcsetwinsize(terminal, (24, 80))
    except termios.error:
        return  # no terminal: the line mode on a pipe


def _terminal_name() -> str:
    try:
        return os.ttyname(sys.stdin.fileno()).removeprefix("/dev/")
    except OSError:
        return ""


def _baud() -> int:
    """The speed of the line in bits a second; 0 when it has none."""
    try:
        speed = termios.tcgetattr(sys.stdin.fileno())[5]
    except (OSError, termios.error):
        return 0
    names = {getattr(termios, name): name[1:] for name in dir(termios) if name[1:].isdigit()}
    return int(names.get(speed, "0"))
