"""The places outside of the installer that events can go to, and how each is opened.

A new kind of place is a function here, or in a module beside this one, and a case of
:func:`events_listener`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TextIO

from installer.engine.sinks.lines import Form, as_json
from installer.system.private import private_text

# Takes the line of one event. It may wait, and fails with an OSError.
Write = Callable[[str], None]
# Opens the place for as long as the block runs. It may wait, and fails with an OSError.
Place = Callable[[], AbstractContextManager[Write]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Listener:
    """Who follows an installation: ``name`` is for people, ``form`` makes the lines.

    A ``required`` one fails the command when its place cannot be opened.
    """

    name: str
    place: Place
    form: Form
    required: bool = True


def events_listener(text: str, *, required: bool = True) -> Listener:
    """The listener that ``--events`` or ``photon.events=`` names: a file, pipe or serial port."""
    place = partial(_file, Path(text))
    return Listener(name=text, place=place, form=as_json, required=required)


def output_listener(stream: TextIO, form: Form) -> Listener:
    """The listener that reads a standard stream: a terminal, a pipe, a service manager."""
    return Listener(name="standard output", place=partial(_stream, stream), form=form)


@contextmanager
def _file(path: Path) -> Iterator[Write]:
    with private_text(path, links=True) as file:
        yield partial(_write, file.fileno(), "utf-8")


@contextmanager
def _stream(stream: TextIO) -> Iterator[Write]:
    """A descriptor of its own: who waits to write holds no lock that others want at the end."""
    try:
        descriptor = os.dup(stream.fileno())
    except OSError:  # a test's stream has no descriptor
        yield lambda line: print(line, end="", file=stream, flush=True)
        return
    try:
        yield partial(_write, descriptor, stream.encoding)
    finally:
        os.close(descriptor)


def _write(descriptor: int, encoding: str, line: str) -> None:
    data = memoryview(line.encode(encoding, "backslashreplace"))
    while data:
        data = data[os.write(descriptor, data) :]
