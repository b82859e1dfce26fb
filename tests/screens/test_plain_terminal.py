"""The line mode on a real terminal: Ctrl-C, signals, bytes that are no text, a line that is cut."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import pexpect
import pytest

from screens.line_mode.interrupts import Interrupts
from screens.line_mode.plain import run_plain
from screens.line_mode.terminal import Terminal
from screens.options import Options, Outcome
from screens.session import Paths, Session
from tests.screens.walker import SEED, MemoryEngine, machine

ROOT = Path(__file__).parent.parent.parent


def spawned(python: str, folder: Path) -> pexpect.spawn[str]:
    return pexpect.spawn(
        python,
        ["-m", "tests.screens.demo", "virtualbox", str(folder), "--plain", "--console", "ttyS0"],
        cwd=str(ROOT), encoding="utf-8", timeout=20, dimensions=(24, 80), ignore_sighup=False,
        env={"TERM": "dumb", "PATH": "/usr/bin:/bin"},
    )  # fmt: skip


@pytest.fixture
def line(python: str, tmp_path: Path) -> Iterator[pexpect.spawn[str]]:
    """The line mode, at its first prompt."""
    child = spawned(python, tmp_path)
    child.expect_exact("[welcome]")
    child.expect_exact("> ")
    yield child
    if not child.terminated:
        child.close(force=True)
    assert "Traceback" not in str(child.before)


def ended(child: pexpect.spawn[str], outcome: str = "quit") -> None:
    child.expect_exact(f"ended: {outcome}")
    child.expect(pexpect.EOF)
    child.close()
    assert (child.exitstatus, child.signalstatus) == (0, None)


def to(child: pexpect.spawn[str], *screens: str) -> None:
    for screen in screens:
        child.sendline("")
        child.expect_exact(f"[{screen}]")
        child.expect_exact("> ")


ACCOUNTS = ("disk", "storage", "boot", "packages", "network", "host", "accounts")


def test_ctrl_c_asks_and_takes_questions_back(line: pexpect.spawn[str]) -> None:
    line.send("\x03")
    line.expect_exact("Quit? The installer restarts")
    line.expect_exact("Type yes: ")
    line.send("\x03")
    line.expect_exact("nothing was changed")
    line.expect_exact("> ")
    to(line, *ACCOUNTS[:6])
    line.sendline("1")
    line.expect_exact("Host name [photon]: ")
    line.send("edge\x03")
    line.expect_exact("nothing was changed")
    line.expect_exact("Host name: photon")
    line.expect_exact("> ")
    line.send("\x03")
    line.expect_exact("Type yes: ")
    line.sendline("yes")
    ended(line)


def test_ctrl_c_at_a_password_gives_the_echo_back(line: pexpect.spawn[str]) -> None:
    to(line, *ACCOUNTS)
    line.sendline("1")
    line.expect_exact("Root password: ")
    assert not line.getecho()
    line.send("secret\x03")
    line.expect_exact("> ")
    assert line.getecho()
    line.sendline("q")
    line.expect_exact("Type yes: ")
    line.sendline("yes")
    ended(line)


def test_ctrl_c_on_the_last_screen_stays_there(line: pexpect.spawn[str]) -> None:
    to(line, *ACCOUNTS)
    for prompt in ("Root password: ", "Confirm: "):
        line.sendline("1" if prompt.startswith("Root") else "2")
        line.expect_exact(prompt)
        line.sendline("correct horse")
        line.expect_exact("> ")
    to(line, "review")
    line.sendline("")
    line.expect_exact("Disk to erase")
    line.sendline("sda")
    line.expect_exact("[done]")
    line.expect_exact("Number: ")
    line.send("\x03")
    line.expect_exact("Leave without rebooting?")
    line.expect_exact("Type yes: ")
    line.send("\x03")
    line.expect_exact("nothing was changed")
    line.expect_exact("[done]")
    line.expect_exact("Number: ")
    line.sendline("1")
    ended(line, "reboot")


def test_ctrl_c_while_another_console_is_followed(python: str, tmp_path: Path) -> None:
    other = Session(Paths(folder=tmp_path), "tty1")
    assert other.take()
    child = spawned(python, tmp_path)
    child.expect_exact("Enter takes over.")
    for _ in range(2):
        child.send("\x03")
        child.expect_exact("Quit? The installer restarts")
        child.expect_exact("Type yes: ")
        child.send("\x03")
        child.expect_exact("nothing was changed")
    child.send("\x03")
    child.expect_exact("Type yes: ")
    child.sendline("yes")
    ended(child)
    other.release()


def test_many_interrupts_do_no_harm(line: pexpect.spawn[str]) -> None:
    for _ in range(100):
        line.kill(signal.SIGINT)
    # Whichever question is asked now, one of these answers it.
    line.send("no\nq\nyes\n")
    ended(line)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT])
def test_a_signal_at_a_password_ends_it_in_order(
    line: pexpect.spawn[str], number: signal.Signals
) -> None:
    to(line, *ACCOUNTS)
    line.sendline("1")
    line.expect_exact("Root password: ")
    line.kill(number)
    ended(line)


def test_the_end_of_the_input_at_a_field_quits(line: pexpect.spawn[str]) -> None:
    to(line, *ACCOUNTS[:6])
    line.sendline("1")
    line.expect_exact("Host name [photon]: ")
    line.sendeof()
    ended(line)


def test_a_terminal_that_is_gone_quits(line: pexpect.spawn[str]) -> None:
    os.close(line.child_fd)
    assert line.pid is not None
    _pid, status = os.waitpid(line.pid, 0)
    # Python itself may complain of the standard output that it cannot flush (120).
    assert os.waitstatus_to_exitcode(status) in {0, 120}
    line.closed = line.terminated = True


def test_a_resize_is_no_answer(line: pexpect.spawn[str]) -> None:
    line.setwinsize(50, 132)
    line.setwinsize(10, 40)
    to(line, "disk")
    line.sendeof()
    ended(line)


def test_bytes_that_are_no_text_are_asked_for_again(line: pexpect.spawn[str]) -> None:
    to(line, *ACCOUNTS)
    line.sendline("1")
    line.expect_exact("Root password: ")
    os.write(line.child_fd, b"correct\xff\xfe\n")
    line.expect_exact("This is not UTF-8 text: nothing was changed")
    line.expect_exact("Root password: ")
    line.sendline("correct horse")
    line.expect_exact("Root password: set")
    line.sendeof()
    ended(line)


def test_an_interrupt_between_two_questions_waits_for_the_next() -> None:
    interrupts = Interrupts()
    interrupts.came(signal.SIGINT, None)
    with pytest.raises(KeyboardInterrupt), interrupts.allowed():
        raise AssertionError("it was kept")
    with interrupts.allowed():
        pass


def piped(tmp_path: Path, name: str) -> tuple[int, list[Outcome]]:
    """The line mode in a thread, on a pipe."""
    reading, writing = os.pipe()
    outcomes: list[Outcome] = []

    def run() -> None:
        with os.fdopen(reading) as source, (tmp_path / name).open("w") as sink:
            engine = MemoryEngine(machine=machine("virtualbox"))
            options = Options(seed=SEED, console=name, paths=Paths(folder=tmp_path))
            outcomes.append(run_plain(engine, options, Terminal(source=source, sink=sink)))

    threading.Thread(target=run, daemon=True).start()
    return writing, outcomes


def shown(tmp_path: Path, name: str, text: str) -> bool:
    stop = threading.Event()
    for _ in range(200):
        if (tmp_path / name).exists() and text in (tmp_path / name).read_text():
            return True
        stop.wait(0.05)
    return False


def test_a_prompt_gives_way_to_a_console_that_is_used(tmp_path: Path) -> None:
    writing, outcomes = piped(tmp_path, "ttyS0")
    assert shown(tmp_path, "ttyS0", "[welcome]")
    other = Session(Paths(folder=tmp_path), "tty1")
    assert other.take()
    assert shown(tmp_path, "ttyS0", "This machine is being set up from tty1")
    other.release()
    os.close(writing)
    for _ in range(100):
        if outcomes:
            break
        threading.Event().wait(0.05)
    assert outcomes == [Outcome.QUIT]


def test_another_console_takes_over_and_gives_back(tmp_path: Path) -> None:
    writing, outcomes = piped(tmp_path, "ttyS0")
    os.write(writing, b"\n\n\n\n\n\n1\nedge\n")
    assert shown(tmp_path, "ttyS0", "Host name: edge")
    other = Session(Paths(folder=tmp_path), "tty1")
    assert not other.take()
    other.request()
    assert shown(tmp_path, "ttyS0", "This machine is being set up from tty1")
    assert other.take()
    os.write(writing, b"\nno\n")
    assert shown(tmp_path, "ttyS0", "Take over from tty1?")
    os.write(writing, b"\nyes\n")
    for _ in range(200):
        other.keep()
        if not other.held:
            break
        threading.Event().wait(0.05)
    assert (tmp_path / "ttyS0").read_text().count("Host name: edge") >= 1
    threading.Event().wait(2.5)
    assert not other.take()
    os.close(writing)
    for _ in range(100):
        threading.Event().wait(0.05)
    assert outcomes == [Outcome.QUIT]
