"""Standard output, which may be gone: its reader left, its disk is full, or there never was one."""

from __future__ import annotations

import contextlib
import errno
import io
import os
import sys
from argparse import Namespace

from ks_schema.wording import json_line, printable_lines


class OutputLost(Exception):
    """Nobody takes what is printed any more; ``reader_left`` says that somebody had enough."""

    def __init__(self, error: OSError) -> None:
        super().__init__(f"standard output: {error.strerror}\n  What was printed is not complete.")
        self.reader_left = error.errno == errno.EPIPE


def open_missing() -> None:
    """Put /dev/null where a standard stream was closed, which Python has as None.

    Otherwise the next file that is opened would be taken for it.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            stream = open(os.devnull, mode, encoding="utf-8")  # noqa: PTH123, SIM115
            setattr(sys, name, stream)


def set_encoding(*, as_json: bool) -> None:
    """Have what the terminal's encoding lacks printed as an escape; JSON is UTF-8 (RFC 8259)."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        encoding = "utf-8" if as_json else None
        sys.stdout.reconfigure(encoding=encoding, errors="backslashreplace")


def say(text: str, *, end: str = "\n") -> None:
    """Print it at once, without what a terminal would obey.

    :raises OutputLost: it cannot be printed.
    """
    try:
        print(printable_lines(text), end=end, flush=True)
    except OSError as error:
        _let_go(sys.stdout.fileno())
        raise OutputLost(error) from error


def show(arguments: Namespace, data: object, text: str) -> None:
    """Print the result of a command: the text, or with ``--json`` the data."""
    say(json_line(data) if arguments.format == "json" else text)


def complain(text: str) -> None:
    """Print it to standard error, if that can be written to, without what a terminal would obey."""
    try:
        print(printable_lines(text), file=sys.stderr, flush=True)
    except OSError:
        _let_go(sys.stderr.fileno())


def _let_go(descriptor: int) -> None:
    """Python would complain of what it could not write once more at its end.

    https://docs.python.org/3/library/signal.html#note-on-sigpipe
    """
    with contextlib.suppress(OSError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), descriptor)
