"""One person at a time: the console that answers first holds a lock, the others follow.

The lock is an advisory one on a file, so that it ends with the process that holds it. The file
says who that is (an unattended run leaves it empty). The engine writes its events beside it, one
JSON line each, for the others to read. Another console asks for the session with a second file,
and gets it unless an installation runs.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

from installer.events import event_from_json
from installer.system.private import private_directory
from screens.progress import ProgressState, follow, log_lines

RUN_FOLDER = Path("/run/photon-installer")
UNNAMED = "an unattended run"
# After so long without a key the session is free again; the answers stay on their console.
IDLE_SECONDS = 600.0
# So long a console that is asked for the session has to let go, and one that asked to take it.
PATIENCE = 5.0
_TRIES = 5
_PAUSE = 0.005
# Written at once and always as long, so that nobody reads half of it.
_LENGTH = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Paths:
    """Where the session keeps its lock and its events."""

    folder: Path = RUN_FOLDER

    @property
    def lock(self) -> Path:
        """The file that the holder has locked; its text is the holder's."""
        return self.folder / "session.lock"

    @property
    def request(self) -> Path:
        """The name of the console that asks for the session."""
        return self.folder / "session.request"

    @property
    def events(self) -> Path:
        """The events of the running installation, a JSON line each."""
        return self.folder / "events.jsonl"


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """Who has the session. ``busy``: an installation runs, or a key is shown that nobody has yet.

    ``idle`` are the seconds since the last key.
    """

    name: str
    pid: int = 0
    busy: bool = False
    idle: float = 0.0


class Session:
    """The right to install, held from the first answer until the end."""

    def __init__(self, paths: Paths, holder: str) -> None:
        self._paths = paths
        self._name = holder
        self._lock: int | None = None
        self._busy = False
        self._active = time.monotonic()
        self._given: tuple[str, float] = ("", 0.0)

    @property
    def held(self) -> bool:
        """This console has the lock."""
        return self._lock is not None

    def take(self) -> bool:
        """Take the lock; False when another console has it, or has just been given it."""
        self._active = time.monotonic()
        if self.held:
            return True
        if self._reserved():
            return False
        private_directory(self._paths.folder)
        handle = os.open(self._paths.lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        # A follower that looks whether the lock is free holds it for microseconds.
        for _ in range(_TRIES):
            if _flock(handle, fcntl.LOCK_EX):
                self._lock, self._busy = handle, False
                self._write()
                self._paths.events.unlink(missing_ok=True)
                self._paths.request.unlink(missing_ok=True)
                return True
            time.sleep(_PAUSE)
        os.close(handle)
        return False

    def release(self) -> None:
        """Give the lock back."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock, self._busy = None, False

    def set_busy(self, busy: bool) -> None:
        """Whether nobody else can have the session now."""
        if self.held and busy is not self._busy:
            self._busy = busy
            self._write()

    def used(self) -> None:
        """Somebody is there: a key came."""
        self._active = time.monotonic()

    def keep(self) -> None:
        """To be called every second: let go of what another console asks for, or nobody uses."""
        if not self.held or self._busy:
            return
        if name := self._requested():
            self.release()
            self._given = (name, time.monotonic() + PATIENCE)
        elif time.monotonic() - self._active > IDLE_SECONDS:
            self.release()
        else:
            self._write()

    def owner(self) -> Holder | None:
        """The other console that holds the lock; None when it is free or ours."""
        if self.held:
            return None
        reserved = Holder(name=self._given[0]) if self._reserved() else None
        try:
            handle = os.open(self._paths.lock, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return reserved
        try:
            if _flock(handle, fcntl.LOCK_SH):
                return reserved
            return _holder(os.pread(handle, _LENGTH, 0))
        finally:
            os.close(handle)

    def request(self) -> None:
        """Ask the console that has the session for it."""
        self._paths.request.write_text(self._name, encoding="utf-8")

    def withdraw(self) -> None:
        """Ask no longer."""
        self._paths.request.unlink(missing_ok=True)

    def end_owner(self) -> None:
        """End the program of a console that does not answer a request, unless it installs.

        Its terminal may be one that nothing can be written to any more.
        """
        holder = self.owner()
        if holder is not None and holder.pid > 1 and not holder.busy:
            with contextlib.suppress(ProcessLookupError):
                os.kill(holder.pid, signal.SIGKILL)

    def _requested(self) -> str:
        try:
            name = self._paths.request.read_text(encoding="utf-8", errors="replace").strip()
        except FileNotFoundError:
            return ""
        self._paths.request.unlink(missing_ok=True)
        return name

    def _reserved(self) -> bool:
        """The session was given away, and the other console still has the time to take it."""
        name, until = self._given
        return bool(name) and time.monotonic() < until

    def _write(self) -> None:
        if self._lock is None:
            return
        text = json.dumps([self._name[:24], os.getpid(), self._busy, int(self._active)])
        os.pwrite(self._lock, text.encode("ascii").ljust(_LENGTH), 0)


class Follower:
    """Reads the events that another console writes, as far as they have come."""

    def __init__(self, paths: Paths) -> None:
        self._paths = paths
        self._offset = 0
        self.state = ProgressState()
        # All lines so far, where the state keeps the last ones.
        self.log: list[str] = []

    def read(self) -> bool:
        """Take in what is new; True when there was anything."""
        try:
            with self._paths.events.open("rb") as stream:
                if os.fstat(stream.fileno()).st_size < self._offset:
                    self._offset, self.state, self.log = 0, ProgressState(), []
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
        except (ValueError, RecursionError):
            return  # a line of a newer engine, or cut short: progress is only shown
        self.state = follow(self.state, event)
        self.log += log_lines(event)


def _holder(text: bytes) -> Holder:
    """Who wrote the lock's text. What does not say it lets nobody take the session over."""
    try:
        name, pid, busy, active = json.loads(text)
        idle = max(time.monotonic() - float(active), 0.0)
        return Holder(name=str(name) or UNNAMED, pid=int(pid), busy=bool(busy), idle=idle)
    except (ValueError, TypeError, OverflowError, RecursionError):
        return Holder(name=UNNAMED, busy=True)


def _flock(handle: int, kind: int) -> bool:
    try:
        fcntl.flock(handle, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
