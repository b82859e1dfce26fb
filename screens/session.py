"""One installation at a time: the console that goes on first holds a lock, the others follow.

The lock is an advisory one on a file, so that it ends with the process that holds it. The file
names the holder (an unattended run leaves it empty). The engine writes its events beside it, one
JSON line each, for the others to read.
"""

from __future__ import annotations

import fcntl
import json
import os
import time
from dataclasses import dataclass
from pathlib import Path

from installer.events import event_from_json
from screens.progress import ProgressState, follow

RUN_FOLDER = Path("/run/photon-installer")
UNNAMED = "an unattended run"
_TRIES = 5
_PAUSE = 0.005


@dataclass(frozen=True, slots=True, kw_only=True)
class Paths:
    """Where the session keeps its lock and its events."""

    folder: Path = RUN_FOLDER

    @property
    def lock(self) -> Path:
        """The file that the holder has locked; its text is the holder's name."""
        return self.folder / "session.lock"

    @property
    def events(self) -> Path:
        """The events of the running installation, a JSON line each."""
        return self.folder / "events.jsonl"


class Session:
    """The right to install, held from the first screen after the welcome until the end."""

    def __init__(self, paths: Paths, holder: str) -> None:
        self._paths = paths
        self._holder = holder
        self._lock: int | None = None

    @property
    def held(self) -> bool:
        """This console has the lock."""
        return self._lock is not None

    def take(self) -> bool:
        """Take the lock; False when another console has it."""
        if self.held:
            return True
        self._paths.folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(self._paths.lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        # A follower that looks whether the lock is free holds it for microseconds.
        for _ in range(_TRIES):
            if _flock(handle, fcntl.LOCK_EX):
                os.ftruncate(handle, 0)
                os.pwrite(handle, self._holder.encode(), 0)
                self._paths.events.unlink(missing_ok=True)
                self._lock = handle
                return True
            time.sleep(_PAUSE)
        os.close(handle)
        return False

    def release(self) -> None:
        """Give the lock back."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def owner(self) -> str:
        """The name of the other console that holds the lock; "" when it is free or ours."""
        if self.held or not self._paths.lock.exists():
            return ""
        handle = os.open(self._paths.lock, os.O_RDONLY | os.O_CLOEXEC)
        try:
            if _flock(handle, fcntl.LOCK_SH):
                return ""
            return os.pread(handle, 200, 0).decode(errors="replace").strip() or UNNAMED
        finally:
            os.close(handle)


class Follower:
    """Reads the events that another console writes, as far as they have come."""

    def __init__(self, paths: Paths) -> None:
        self._paths = paths
        self._offset = 0
        self.state = ProgressState()

    def read(self) -> bool:
        """Take in what is new; True when there was anything."""
        try:
            with self._paths.events.open("rb") as stream:
                if os.fstat(stream.fileno()).st_size < self._offset:
                    self._offset, self.state = 0, ProgressState()
                stream.seek(self._offset)
                data = stream.read()
        except FileNotFoundError:
            return False
        whole = data[: data.rfind(b"\n") + 1]
        self._offset += len(whole)
        for line in whole.splitlines():
            self._take(line)
        return bool(whole)

    def _take(self, line: bytes) -> None:
        try:
            event = event_from_json(json.loads(line))
        except (ValueError, TypeError):
            return  # a line of a newer engine, or cut short: progress is only shown
        self.state = follow(self.state, event)


def _flock(handle: int, kind: int) -> bool:
    try:
        fcntl.flock(handle, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
