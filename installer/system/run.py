"""The one door to other programs: argument lists, a clean environment, everything logged."""

from __future__ import annotations

import contextlib
import os
import shlex
import signal
import subprocess
import time
from collections.abc import Callable, Sequence

from installer.errors import Cancelled, CommandFailed
from installer.events import Emit, Message
from installer.secret import Secret
from installer.system.runner import Input
from ks_schema.wording import printable, printable_lines

_ENVIRONMENT = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "LANG": "C.UTF-8",
    "HOME": "/root",
}
_POLL_SECONDS = 0.2
_PATIENCE_SECONDS = 5.0
_LAST_LINES = 15


class ProcessRunner:
    """The real :class:`Runner`: starts processes, emits a message for each and for its output."""

    def __init__(self, emit: Emit, cancelled: Callable[[], bool] = lambda: False) -> None:
        self._emit = emit
        self._cancelled = cancelled

    def run(
        self,
        argv: Sequence[str],
        *,
        stdin: Input = None,
        timeout: float | None = None,
        watch: Callable[[int], None] | None = None,
    ) -> str:
        """See :meth:`Runner.run`."""
        self._stop_if_due(argv, None)  # a quick program would end before anybody asks
        self._emit(Message(level="debug", text="$ " + printable(shlex.join(argv))))
        process = _start(argv, _input_bytes(stdin))
        stdout, stderr = self._wait(process, argv, timeout, watch)
        output = _shown(stdout + stderr)
        if output:
            self._emit(Message(level="debug", text=output))
        if process.returncode != 0:
            raise CommandFailed(
                f"{printable(shlex.join(argv))}: ended with {_ending(process.returncode)}",
                "\n  ".join(output.splitlines()[-_LAST_LINES:]) or "It printed nothing.",
            )
        return stdout.decode(errors="replace")

    def _wait(
        self,
        process: subprocess.Popen[bytes],
        argv: Sequence[str],
        timeout: float | None,
        watch: Callable[[int], None] | None,
    ) -> tuple[bytes, bytes]:
        deadline = None if timeout is None else time.monotonic() + timeout
        try:
            while True:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    return process.communicate(timeout=_POLL_SECONDS)
                if process.poll() is not None:
                    # It has ended, but something it started still holds its output open.
                    return _end_group(process)
                if watch is not None:
                    watch(process.pid)
                self._stop_if_due(argv, deadline)
        except BaseException:
            _end_group(process)
            raise

    def _stop_if_due(self, argv: Sequence[str], deadline: float | None) -> None:
        if self._cancelled():
            raise Cancelled("The installation was cancelled.")
        if deadline is not None and time.monotonic() > deadline:
            raise CommandFailed(
                f"{printable(shlex.join(argv))}: still running when its time was up"
            )


def _start(argv: Sequence[str], data: bytes) -> subprocess.Popen[bytes]:
    # A file in memory rather than a pipe: communicate() never sends the rest of its input once it
    # has timed out. Nothing of it reaches a disk.
    with open(os.memfd_create("stdin"), "w+b") as stdin:  # noqa: PTH123  (a descriptor)
        stdin.write(data)
        stdin.seek(0)
        try:
            return subprocess.Popen(
                argv,
                stdin=stdin,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=_ENVIRONMENT,
                # A group of its own: Ctrl+C on the console reaches the installer alone, which
                # then ends the program in order.
                start_new_session=True,
            )
        except OSError as error:
            raise CommandFailed(
                f"{argv[0]}: {error.strerror}", "Is its package installed?"
            ) from error


def _input_bytes(stdin: Input) -> bytes:
    match stdin:
        case Secret():
            return stdin.reveal().encode()
        case str():
            return stdin.encode()
        case _:
            return stdin or b""


def _end_group(process: subprocess.Popen[bytes]) -> tuple[bytes, bytes]:
    """End the program and its children: politely, then after five seconds not so.

    Gives back what they wrote. A grandchild that left the group is not waited for: it may keep
    the output open for as long as it lives.
    """
    output = (b"", b"")
    for number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        try:
            return process.communicate(timeout=_PATIENCE_SECONDS)
        except subprocess.TimeoutExpired as error:
            output = (error.stdout or b"", error.stderr or b"")
    process.wait()
    for stream in (process.stdout, process.stderr):
        if stream is not None:
            with contextlib.suppress(OSError):
                stream.close()
    return output


def _shown(output: bytes) -> str:
    """What a program printed, for the log: it may repeat what a disk or a script holds."""
    lines = output.decode(errors="replace").replace("\r\n", "\n").replace("\r", "\n")
    return printable_lines(lines).strip()


def _ending(code: int) -> str:
    return f"exit code {code}" if code > 0 else f"signal {signal.strsignal(-code) or -code}"
