"""Run a long command in the open: what it is, how far it is, how long it has taken.

    python3 -m tests.step NAME [--show] -- COMMAND...
                    output goes to build/log/NAME.log (--show: and here)
    python3 -m tests.step --room GIB
                    fails unless so much is free, here and for temporary files
    python3 -m tests.step --report
                    the time of each step and of each case since the last --reset
    python3 -m tests.step --reset

Only the standard library: it runs before anything is installed.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

from tests import times

LOG_FOLDER = Path("build/log")
TAIL_LINES = 25
REPORT_EVERY = 30.0  # seconds between two lines where the terminal cannot be overwritten


def main(arguments: Sequence[str]) -> int:
    """Do what the command line says; the exit code is the command's own."""
    LOG_FOLDER.mkdir(parents=True, exist_ok=True)
    match list(arguments):
        case ["--report"]:
            print(f"\n{times.report()}", flush=True)
            return 0
        case ["--room", amount] if amount.isdecimal():
            return _room(int(amount), {Path(), Path(tempfile.gettempdir())})
        case ["--reset"]:
            times.reset()
            return 0
        case [name, "--show", "--", *command] if command:
            return _step(name, command, show=True)
        case [name, "--", *command] if command:
            return _step(name, command, show=False)
        case _:
            print(__doc__, file=sys.stderr)
            return 2


def _room(wanted: int, folders: Iterable[Path]) -> int:
    """Before the work, not in the midst of it: what a full disk breaks does not say so itself."""
    for folder in folders:
        free = shutil.disk_usage(folder).free / 2**30
        if free < wanted:
            print(f"{folder.resolve()} has {free:.1f} GiB free, and {wanted} GiB are needed.")
            print("Make room there, or work in another place (TMPDIR is for temporary files).")
            return 1
    return 0


def _step(name: str, command: list[str], *, show: bool) -> int:
    log = LOG_FOLDER / f"{name}.log"
    times.prepare()
    print(f"== {name}", flush=True)
    start = time.monotonic()
    code = _run_shown(command, log) if show else _run_quiet(name, command, log)
    seconds = time.monotonic() - start
    times.record("parts", name, seconds=seconds, outcome="failed" if code else "passed")
    if code == 0:
        print(f"== {name}: done in {seconds:.0f} s", flush=True)
        return 0
    print(f"== {name}: FAILED (exit {code}) after {seconds:.0f} s; the whole log is {log}")
    if not show:
        print(f"   its last {TAIL_LINES} lines:", *_last_lines(log, TAIL_LINES), sep="\n   ")
    sys.stdout.flush()
    return code


def _run_shown(command: list[str], log: Path) -> int:
    with (
        log.open("wb") as file,
        subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL
        ) as process,
    ):
        assert process.stdout is not None
        while data := os.read(process.stdout.fileno(), 1 << 16):
            file.write(data)
            sys.stdout.buffer.write(data)
            sys.stdout.buffer.flush()
    return process.returncode


def _run_quiet(name: str, command: list[str], log: Path) -> int:
    terminal = sys.stdout.isatty()
    start = reported = time.monotonic()
    with (
        log.open("wb") as file,
        subprocess.Popen(
            command, stdout=file, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL
        ) as process,
    ):
        while True:
            try:
                return process.wait(timeout=1.0)
            except subprocess.TimeoutExpired:
                now = time.monotonic()
                line = f"   {name} {now - start:4.0f} s  {_last_line(log)}"[:99]
                if terminal:
                    print(f"\r\033[K{line}\r", end="", flush=True)
                elif now - reported >= REPORT_EVERY:
                    reported = now
                    print(line, flush=True)


def _last_lines(log: Path, count: int) -> list[str]:
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - (1 << 16)))
        text = file.read().decode("utf-8", "replace").replace("\r", "\n")
    return [line for line in text.splitlines() if line.strip()][-count:]


def _last_line(log: Path) -> str:
    lines = _last_lines(log, 1)
    return "".join(c for c in lines[0] if c.isprintable()).strip() if lines else ""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
