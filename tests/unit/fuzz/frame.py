"""The frame of the fuzz: for each door to the outside, inputs that nobody would write.

``PHOTON_FUZZ_SEED`` says which (the same seed, the same inputs in the same order), and
``PHOTON_FUZZ_SECONDS`` for how long each door is tried. Each test prints the seed and how many
inputs there were (``pytest -rP`` shows it). A failure names the seed and the number of the case;
``PHOTON_FUZZ_CASE`` then tries that case alone.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from random import Random
from typing import Any, NoReturn, TypeVar

from installer.errors import ExitCode, InstallerError

SEED = os.environ.get("PHOTON_FUZZ_SEED", "1")
SECONDS = float(os.environ.get("PHOTON_FUZZ_SECONDS", "1"))
CASE = os.environ.get("PHOTON_FUZZ_CASE")
# Far more than any input takes, also on a machine that is slow or busy.
HANG_SECONDS = 60
_LONGEST_SHOWN = 3000
# Of so many inputs one at least is taken.
_ENOUGH = 100

_Input = TypeVar("_Input")


class HangError(BaseException):
    """A case that does not end; nothing that is tried here catches it."""


def fuzz(
    door: str,
    make: Callable[[Random], _Input],
    feed: Callable[[_Input], object],
    *,
    refusals: tuple[type[Exception], ...] = (),
    share: float = 1.0,
) -> None:
    """Feed the door what is made for it, until its time is up.

    What it may do is return, or raise an error of the installer that is not a bug, or one of the
    ``refusals``. A door that refuses everything has let nothing behind it be tried. One whose
    inputs take long has a larger ``share`` of the time.
    """
    end = time.monotonic() + SECONDS * share
    tried = taken = 0
    for number in _numbers():
        made = make(Random(f"{SEED}/{door}/{number}"))
        tried += 1
        try:
            with _alarm(door, number):
                feed(made)
            taken += 1
        except InstallerError as error:
            if error.exit_code is ExitCode.BUG:
                _fail(door, number, made, error)
        except refusals:
            pass
        except (Exception, HangError) as error:  # noqa: BLE001  (that is what is looked for)
            _fail(door, number, made, error)
        if time.monotonic() > end:
            break
    print(f"{door}: PHOTON_FUZZ_SEED={SEED}, {tried} inputs, {taken} of them taken")
    assert taken or tried < _ENOUGH, f"{door} refuses each of {tried} inputs"


def _numbers() -> Iterator[int]:
    return iter([int(CASE)]) if CASE else count()


def _fail(door: str, number: int, made: object, error: BaseException) -> NoReturn:
    text = repr(made)
    shown = text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}... ({len(text)})"
    raise AssertionError(
        f"{door}: {type(error).__name__}: {error}\nPHOTON_FUZZ_SEED={SEED} "
        f"PHOTON_FUZZ_CASE={number} repeats it with the input\n{shown}"
    ) from error


@contextmanager
def _alarm(door: str, number: int) -> Iterator[None]:
    def hang(*_: Any) -> NoReturn:
        raise HangError(f"{door}: case {number} has not ended after {HANG_SECONDS} s")

    before = signal.signal(signal.SIGALRM, hang)
    signal.setitimer(signal.ITIMER_REAL, HANG_SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def samples(folder: Path, pattern: str) -> list[bytes]:
    """The files that the mutations start from."""
    found = [path.read_bytes() for path in sorted(folder.glob(pattern))]
    assert found, f"{folder}/{pattern}"
    return found
