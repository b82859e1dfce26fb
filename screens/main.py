"""The entry of the screens: picks the renderer and does what the person wanted at the end."""

from __future__ import annotations

import os
import sys
import termios

from installer import api
from installer.errors import CommandFailed, ExitCode
from screens.api_engine import ApiEngine
from screens.options import Options, Outcome

_DUMB = frozenset({"", "dumb", "unknown"})
_SLOW_SECONDS = 1.5
_FAST_SECONDS = 0.3


def run(*, console: str | None, plain: bool) -> ExitCode:
    """Ask on this terminal and install. ``console`` is its name, as other consoles show it.

    ``plain`` asks line by line, as for a terminal that can do nothing else (``TERM=dumb``), or
    where there is none.
    """
    if os.geteuid() != 0:
        raise CommandFailed("Only root can install onto a disk.", "Start it with sudo.")
    give_size(sys.stdout.fileno())
    options = terminal_options(console)
    if plain or not _is_screen():
        from screens.plain import run_plain  # noqa: PLC0415  (no urwid there, no lines here)

        outcome = run_plain(ApiEngine(), options)
    else:
        from screens.app import App  # noqa: PLC0415

        outcome = App(ApiEngine(), options).run()
    if outcome is not Outcome.QUIT:
        api.end(outcome.value, lambda _event: None)
    return ExitCode.DONE


def _is_screen() -> bool:
    """Whether this is a terminal on which text can be put anywhere."""
    terminal = sys.stdin.isatty() and sys.stdout.isatty()
    return terminal and os.environ.get("TERM", "") not in _DUMB


def terminal_options(console: str | None) -> Options:
    """What is to know of the terminal: its name, its speed, how often it can be repainted."""
    name = console or _terminal_name()
    serial = name.rpartition("/")[2].startswith(("ttyS", "ttyAMA", "ttyUSB"))
    return Options(
        seed=api.new_seed(),
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
