"""A running virtual machine: its serial line, its screen, its end.

Every wait is for something (a text, an event, the end of the process) and has an upper bound,
which is longer on a slower machine (``Deadline``). When it is not met, the error shows the last
lines of the serial line and where the whole log is.
"""

from __future__ import annotations

import logging
import re
import socket
import subprocess
import time
from collections.abc import Callable
from io import TextIOWrapper
from pathlib import Path
from typing import BinaryIO, Self

import pexpect
import pyte
from pexpect.fdpexpect import fdspawn

from tests.speed import slowness
from tests.vm.deadline import Deadline
from tests.vm.qemu import (
    VmConfig,
    emulated,
    plug_arguments,
    qemu_arguments,
    swtpm_arguments,
)
from tests.vm.qmp import Qmp

LOG_FOLDER = Path("build/vm").resolve()
STALLED = "rcu: \tPossible timer handling issue on cpu="
SLICE = 0.2  # seconds of serial traffic between two looks at a condition
log = logging.getLogger("vm")


class VmError(AssertionError):
    """What was waited for did not come."""


class EmulatorStalledError(VmError):
    """The emulated processor lost its timer, and the machine stands still: its kernel says so.

    No machine with a real processor, or with KVM, does that.
    """


class VirtualMachine:
    """Starts with ``with``, ends with it.

    The serial log is ``build/vm/NAME/LABEL.log``; what QEMU itself says is ``LABEL.qemu.log``.
    """

    def __init__(self, config: VmConfig, *, label: str = "serial") -> None:
        self.config = config
        self.folder = LOG_FOLDER / config.name
        self.log_path = self.folder / f"{label}.log"
        self._qemu_log = self.folder / f"{label}.qemu.log"
        self._slowness = slowness()
        self._screen = pyte.Screen(80, 24)
        self._stream: pyte.Stream | None = None

    def __enter__(self) -> Self:
        self.folder.mkdir(parents=True, exist_ok=True)
        self._log: TextIOWrapper = self.log_path.open("w", encoding="utf-8", newline="")
        serial, guest_serial = socket.socketpair()
        qmp, guest_qmp = socket.socketpair()
        tpm, guest_tpm = socket.socketpair()
        self._sockets = (serial, qmp)
        self._tpm: subprocess.Popen[bytes] | None = None
        with tpm, guest_serial, guest_qmp, guest_tpm, self._qemu_log.open("wb") as errors:
            if self.config.tpm is not None:
                self.config.tpm.mkdir(parents=True, exist_ok=True)
                command = swtpm_arguments(self.config.tpm, fd=tpm.fileno())
                self._tpm = _start(command, errors, tpm)
            command = qemu_arguments(
                self.config,
                serial=f"socket,fd={guest_serial.fileno()}",
                monitor=f"socket,fd={guest_qmp.fileno()}",
                tpm=f"socket,fd={guest_tpm.fileno()}" if self._tpm else "",
            )
            self._process = _start(command, errors, guest_serial, guest_qmp, guest_tpm)
        self.started = time.monotonic()
        self._serial = fdspawn(
            serial.fileno(), encoding="utf-8", codec_errors="replace", timeout=60, maxread=1 << 16
        )
        self._serial.logfile_read = self
        self._qmp = Qmp(qmp)
        try:
            self._qmp.command("qmp_capabilities")
        except RuntimeError as error:
            self.__exit__()
            raise VmError(f"{error}:\n{self._qemu_log.read_text('utf-8')}") from error
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
        for each in self._sockets:
            each.close()
        self._log.close()

    # what pexpect calls for everything that it reads
    def write(self, text: str) -> None:
        """Keep a piece of the serial line in the log and on the screen."""
        self._log.write(text)
        if self._stream is not None:
            self._stream.feed(text)

    def flush(self) -> None:
        """Bring the log up to date on the disk."""
        self._log.flush()

    @property
    def seconds(self) -> float:
        """Since the machine was switched on."""
        return time.monotonic() - self.started

    def note(self, text: str) -> None:
        """Say how far it is, for whoever watches the test."""
        log.info("%-12s %5.0f s  %s", self.config.name, self.seconds, text)

    def send(self, text: str) -> None:
        """Type on the serial line."""
        self._serial.send(text)

    def type_keys(self, text: str) -> None:
        """Type on the machine's keyboard (letters, spaces, Return, Escape).

        Firmware reads the serial line as well as GRUB does, and each gets a part of what is sent.
        """
        names = {" ": "spc", "\r": "ret", "\x1b": "esc"}
        for letter in text:
            self.press(names.get(letter, letter))

    def press(self, *names: str) -> None:
        """Press these keys of the keyboard at once, by QEMU's names (QKeyCode)."""
        keys = [{"type": "qcode", "data": name} for name in names]
        self._qmp.command("send-key", keys=keys)

    def plug(self, number: int) -> None:
        """Put the disk in that is late."""
        self._qmp.command("device_add", **plug_arguments(self.config, number))

    def unplug(self, number: int) -> None:
        """Pull a disk out that was put in."""
        self._qmp.command("device_del", id=f"late{number}")

    def eject(self) -> None:
        """Open the tray of the CD drive, whatever the guest has to say to that."""
        self._qmp.command("eject", id="cd", force=True)

    def memory(self, address: int, size: int, file: Path) -> bytes:
        """A piece of the machine's memory; ``file`` is where QEMU puts it."""
        self._qmp.command("pmemsave", val=address, size=size, filename=str(file))
        return file.read_bytes()

    def expect(self, *patterns: str, timeout: float, what: str = "") -> re.Match[str]:
        """Wait for the first of the patterns on the serial line and return its match.

        :raises VmError: ``timeout`` seconds passed, or the machine ended.
        """
        wanted = what or " or ".join(patterns)
        deadline = self._deadline(timeout)
        while True:
            try:
                self._serial.expect(list(patterns), timeout=deadline.remaining)
            except pexpect.TIMEOUT:
                self._check(deadline, repr(wanted))
            except (pexpect.EOF, ConnectionError):
                raise self._error(f"the machine ended before {wanted!r}") from None
            else:
                match = self._serial.match
                assert isinstance(match, re.Match)
                return match

    def before(self) -> str:
        """What came on the serial line before the last match of :meth:`expect`."""
        return str(self._serial.before)

    def wait_until(self, what: str, met: Callable[[], bool], *, timeout: float) -> None:
        """Read the serial line until ``met()``.

        :raises VmError: ``timeout`` seconds passed, or the machine ended.
        """
        deadline = self._deadline(timeout)
        while not met():
            self._check(deadline, what)
            if not self._listen():
                raise self._error(f"the machine ended before {what}")

    def wait_exit(self, *, timeout: float, what: str = "the end of the machine") -> None:
        """Wait until QEMU ends by itself: the guest has restarted or switched off."""
        deadline = self._deadline(timeout)
        while self._listen():
            self._check(deadline, what)
        code = self._process.wait(timeout=30)
        if code != 0:
            raise self._error(f"QEMU ended with {code}: {self._qemu_log.read_text('utf-8')}")

    def qmp_events(self) -> tuple[str, ...]:
        """The names of the events that QEMU reported."""
        return self._qmp.events()

    def reset(self) -> None:
        """Press the reset button."""
        self._qmp.command("system_reset")

    def kill(self) -> None:
        """Pull the plug: SIGKILL, nothing of the guest's memory gets to the disk any more."""
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait(timeout=30)
        if self._tpm is not None:
            self._tpm.wait(timeout=30)  # it ends with the machine

    def screenshot(self, path: Path) -> Path:
        """What the graphics card shows, as PNG."""
        self._qmp.command("screendump", filename=str(path), format="png")
        return path

    def start_screen(self) -> None:
        """From now on keep what a terminal of 80x24 on the serial line would show."""
        self._screen.reset()
        self._stream = pyte.Stream(self._screen)

    def screen(self) -> str:
        """The text on the serial terminal now."""
        return "\n".join(line.rstrip() for line in self._screen.display)

    def expect_screen(self, pattern: str, *, timeout: float) -> re.Match[str]:
        """Wait until the serial terminal shows the pattern."""
        self.wait_until(
            f"{pattern!r} on the screen",
            lambda: re.search(pattern, self.screen()) is not None,
            timeout=timeout,
        )
        match = re.search(pattern, self.screen())
        assert match is not None
        return match

    def last_lines(self, count: int = 40) -> str:
        """The end of the serial log, without escape sequences."""
        return "\n".join(self.lines()[-count:])

    def lines(self) -> list[str]:
        """The serial log so far, without escape sequences and empty lines."""
        self.flush()
        text = self.log_path.read_text("utf-8", "replace")
        plain = re.sub(r"\x1b(\[[0-9;?]*[a-zA-Z]|[()][0-9A-B]|[=>78])", "", text)
        return [line.strip() for line in plain.replace("\r", "\n").splitlines() if line.strip()]

    def _deadline(self, seconds: float) -> Deadline:
        return Deadline(seconds, slowness=self._slowness)

    def _check(self, deadline: Deadline, what: str) -> None:
        """Fail when the deadline has passed; else what was learnt of the machine's speed stays."""
        passed = deadline.passed()
        self._slowness = deadline.slowness
        if passed:
            raise self._error(f"no {what} within {deadline.limit:.0f} s")

    def _listen(self) -> bool:
        """Take in what the serial line says for a moment; False when it is closed."""
        try:
            ended = self._serial.expect([pexpect.EOF, pexpect.TIMEOUT], timeout=SLICE) == 0
        except ConnectionError:
            return False
        return not ended

    def _error(self, message: str) -> VmError:
        screen = f"\n--- the terminal ---\n{self.screen()}" if self._stream else ""
        stalled = emulated() and STALLED in self.log_path.read_text("utf-8", "replace")
        return (EmulatorStalledError if stalled else VmError)(
            f"{self.config.name}: {message} (after {self.seconds:.0f} s"
            f"{', emulated' if emulated() else ''}, work takes {self._slowness:.1f} times as long"
            f" as on the reference machine){screen}\n"
            f"--- end of {self.log_path} ---\n{self.last_lines()}"
        )


def _start(command: list[str], errors: BinaryIO, *lines: socket.socket) -> subprocess.Popen[bytes]:
    """Start a program that outlives no test and gets these sockets."""
    return subprocess.Popen(
        ["setpriv", "--pdeathsig", "KILL", *command],
        stdin=subprocess.DEVNULL,
        stdout=errors,
        stderr=errors,
        pass_fds=[line.fileno() for line in lines],
    )
