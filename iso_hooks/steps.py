"""Steps that run only when their inputs changed, and say what they do while they do it."""

from __future__ import annotations

import hashlib
import json
import sys
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from iso_hooks.errors import BuildFailed
from iso_hooks.run import last_lines

_TTY_PERIOD = 0.5
_LOG_PERIOD = 15.0


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildDir:
    """The directory where everything is built: logs, stamps, caches, trees and images.

    Trees and packages serve all editions of a medium; what is packed from them is each one's own.
    """

    root: Path
    edition: str

    def own(self, name: str) -> Path:
        """A directory of this edition alone; made when it is not there."""
        return self.folder(f"{self.edition}/{name}")

    def folder(self, name: str) -> Path:
        """A directory that all editions share; made when it is not there."""
        path = self.root / name
        path.mkdir(parents=True, exist_ok=True)
        return path

    def log(self, step: str) -> Path:
        """Where a step's log goes."""
        return self.folder("log") / f"{step}.log"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A piece of work: ``action`` writes to the log it is given and makes the ``outputs``.

    ``inputs`` is any plain data. ``action`` returns what its output depends on beyond them, such
    as the versions of packages; whoever takes the output as an input takes that too.
    """

    name: str
    inputs: Any
    outputs: tuple[Path, ...]
    action: Callable[[Path], str]
    title: str = ""


@dataclass(slots=True, kw_only=True)
class Counter:
    """How many steps there are, and which one is running."""

    total: int
    started: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def next(self) -> int:
        """The number of the step that begins now."""
        with self._lock:
            self.started += 1
            return self.started


def run_step(build_dir: BuildDir, step: Step, counter: Counter) -> str:
    """Do the step unless it is done; the key of its output.

    :raises BuildFailed: the step failed; the message names its log.
    """
    label = f"[{counter.next()}/{counter.total}] {step.title or step.name}"
    inputs = digest_of(step.inputs)
    stamp = build_dir.folder("stamps") / f"{step.name}.json"
    known = _read_stamp(stamp)
    if known.get("inputs") == inputs and all(path.exists() for path in step.outputs):
        _say(f"{label}: up to date")
        return str(known["key"])
    stamp.unlink(missing_ok=True)
    log = build_dir.log(step.name)
    log.write_bytes(b"")
    began = time.monotonic()
    with _Ticker(label, log):
        result = _do(step, log)
    key = digest_of([inputs, result])
    stamp.write_text(json.dumps({"inputs": inputs, "key": key}), encoding="utf-8")
    _say(f"{label}: done in {time.monotonic() - began:.1f} s")
    return key


def digest_of(data: Any) -> str:
    """A short digest of plain data."""
    text = json.dumps(data, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def files_digest(*roots: Path) -> str:
    """A digest of the names, modes and contents of files, and of all files below folders."""
    found = hashlib.sha256()
    for root in roots:
        for path in source_files(root):
            found.update(f"{path.relative_to(root.parent)}\0".encode())
            if path.is_symlink():
                found.update(str(path.readlink()).encode())
                continue
            found.update(b"x" if path.stat().st_mode & 0o100 else b"-")
            found.update(path.read_bytes())
    return found.hexdigest()[:32]


def source_files(root: Path) -> Iterable[Path]:
    """The files that matter below a folder, sorted; a file alone is itself."""
    if not root.is_dir():
        return [root]
    return sorted(
        path
        for path in root.rglob("*")
        if (path.is_symlink() or path.is_file()) and "__pycache__" not in path.parts
    )


def file_sha256(path: Path) -> str:
    """The sha256 of a file, in hexadecimal."""
    with path.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _do(step: Step, log: Path) -> str:
    try:
        result = step.action(log)
    except BuildFailed as error:
        hint = error.hint if str(log) in error.hint else f"{error.hint}\n{last_lines(log)}".strip()
        raise BuildFailed(f"{step.title or step.name}: {error.message}", hint) from error
    missing = [path for path in step.outputs if not path.exists()]
    if missing:
        raise BuildFailed(f"{step.name}: it made no {missing[0]}", last_lines(log))
    return result


def _read_stamp(stamp: Path) -> dict[str, Any]:
    try:
        data: dict[str, Any] = json.loads(stamp.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return data


def _say(line: str) -> None:
    clear = "\r\x1b[K" if sys.stderr.isatty() else ""
    sys.stderr.write(f"{clear}{line}\n")
    sys.stderr.flush()


class _Ticker:
    """Shows that a step is alive: how long it has run, and the last line of its log."""

    def __init__(self, label: str, log: Path) -> None:
        self._label = label
        self._log = log
        self._began = time.monotonic()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._tick, daemon=True)

    def __enter__(self) -> None:
        _say(f"{self._label} ...")
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _tick(self) -> None:
        tty = sys.stderr.isatty()
        while not self._stop.wait(_TTY_PERIOD if tty else _LOG_PERIOD):
            line = f"{self._label}: {time.monotonic() - self._began:.0f} s  {_last_line(self._log)}"
            sys.stderr.write(f"\r\x1b[K{line[:110]}" if tty else f"{line[:140]}\n")
            sys.stderr.flush()


def _last_line(log: Path) -> str:
    with log.open("rb") as opened:
        opened.seek(max(0, log.stat().st_size - 500))
        lines = opened.read().decode(errors="replace").replace("\r", "\n").split("\n")
    return next((line.strip() for line in reversed(lines) if line.strip()), "")
