"""The entry, and the adapter between the screens and the engine."""

from __future__ import annotations

import os
import pty
import signal
import struct
import termios
import threading
import time
from argparse import Namespace
from fcntl import ioctl
from pathlib import Path

import pexpect
import pytest
import urwid

from installer import api
from installer.command import tui
from installer.command.screens_engine import ApiEngine
from installer.errors import CommandFailed, ExitCode, PayloadBad
from installer.events import Emit
from installer.machine.facts import Machine
from installer.secret import Secret
from ks_schema import Document, check
from screens import main
from screens.options import Options, Outcome
from tests.engine import kickstart
from tests.screens.conftest import Walk
from tests.screens.test_progress import BEGIN, started, until
from tests.screens.walker import SEED, MemoryEngine, Walker, machine, payload

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> ApiEngine:
    def probe(emit: Emit) -> Machine:
        return machine("tiny-disk")

    monkeypatch.setattr(api, "probe_machine", probe)
    monkeypatch.setattr(api, "payload_index", payload)
    return ApiEngine()


def test_the_adapter_hashes_as_a_kickstart_would(engine: ApiEngine) -> None:
    hashed = engine.hash(Secret("correct horse"))
    assert hashed.startswith("$y$")
    assert check(Document(data=kickstart(root={"password": {"hash": hashed}}))) == ()


def test_the_adapter_refuses_a_disk_that_is_too_small(engine: ApiEngine) -> None:
    disk = engine.probe().disks[0]
    assert engine.refusal(disk) == "too small"


def test_the_adapter_plans_like_the_facade(engine: ApiEngine, tmp_path: Path) -> None:
    walker = Walker(MemoryEngine(machine=machine("virtualbox")), tmp_path).go("accounts")
    walker.fill("Root password", "x").keys("enter").type("x").go("review")
    document = walker.app.walk.draft.document()
    assert engine.check(document) == ()
    assert engine.plan(document, machine("virtualbox"), SEED) == walker.app.walk.plan
    engine.save(document, str(tmp_path / "saved.json"))
    assert (tmp_path / "saved.json").stat().st_mode & 0o777 == 0o600


def test_a_missing_payload_is_shown_with_a_way_on(
    walk: Walk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> Machine:
        raise PayloadBad("index.json: no such file", "Write the medium anew.")

    walker = walk()
    monkeypatch.setattr(walker.engine, "probe", broken)
    walker.app.walk.rescan()
    walker.keys("enter")
    assert "! Hardware detection failed: index.json: no such file" in walker.screen
    assert "Write the medium anew." in walker.screen
    assert "< Rescan the disks >" in walker.focus
    walker.keys("f10")
    assert walker.id == "disk"
    monkeypatch.undo()
    walker.keys("enter")
    assert "VBOX HARDDISK" in walker.screen


def test_a_bug_in_a_thread_is_shown(walk: Walk, monkeypatch: pytest.MonkeyPatch) -> None:
    def buggy() -> Machine:
        raise KeyError("model")

    walker = walk()
    monkeypatch.setattr(walker.engine, "probe", buggy)
    walker.app.walk.rescan()
    walker.keys("enter")
    assert "met a bug: KeyError" in " ".join(walker.screen.split())


@pytest.mark.parametrize("outcome", list(Outcome))
def test_run_does_what_was_wanted_at_the_end(
    monkeypatch: pytest.MonkeyPatch, outcome: Outcome
) -> None:
    ended: list[str] = []
    consoles: list[str] = []

    def plain(_engine: object, options: Options) -> Outcome:
        consoles.append(options.console)
        return outcome

    def end(action: str, emit: Emit) -> None:
        ended.append(action)

    monkeypatch.setattr("screens.line_mode.plain.run_plain", plain)
    monkeypatch.setattr(api, "end", end)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(main, "give_size", lambda _terminal: None)
    arguments = Namespace(console="ttyS1", plain=True)
    assert tui.run(arguments) is ExitCode.DONE
    assert consoles == ["ttyS1"]
    assert ended == ([] if outcome is Outcome.QUIT else [outcome.value])


def test_only_root_may_run_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(CommandFailed, match="Only root"):
        tui.run(Namespace(console="tty1", plain=True))


def test_a_line_without_a_size_gets_one() -> None:
    master, slave = pty.openpty()
    main.give_size(slave)
    assert termios.tcgetwinsize(slave) == (24, 80)
    ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 132, 0, 0))
    main.give_size(slave)
    assert termios.tcgetwinsize(slave) == (50, 132)
    os.close(master)
    os.close(slave)


@pytest.mark.parametrize("mode", [[], ["--plain"]])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_it_in_order(
    python: str, tmp_path: Path, mode: list[str], number: signal.Signals
) -> None:
    child = pexpect.spawn(
        python,
        ["-m", "tests.screens.demo", "virtualbox", str(tmp_path), *mode],
        cwd=str(ROOT), encoding="utf-8", timeout=20, dimensions=(24, 80), ignore_sighup=False,
        env={"TERM": "vt220", "PATH": "/usr/bin:/bin"},
    )  # fmt: skip
    child.expect_exact("[welcome]")
    child.expect_exact("Console:")
    time.sleep(0.3)
    child.kill(number)
    child.expect_exact("ended: quit")
    child.expect(pexpect.EOF)


def test_ctrl_c_asks_instead_of_dying(python: str, tmp_path: Path) -> None:
    child = pexpect.spawn(
        python,
        ["-m", "tests.screens.demo", "virtualbox", str(tmp_path)],
        cwd=str(ROOT), encoding="utf-8", timeout=20, dimensions=(24, 80),
        env={"TERM": "vt220", "PATH": "/usr/bin:/bin"},
    )  # fmt: skip
    child.expect_exact("Console:")
    time.sleep(0.3)
    child.send("\x1a\x1c\x03")
    child.expect_exact("Quit? The installer restarts")
    child.send("\t\r")
    child.expect_exact("ended: quit")
    child.expect(pexpect.EOF)


def test_a_signal_while_installing_undoes_it_first(walk: Walk) -> None:
    walker = until(started(walk(script=BEGIN, hold=threading.Event())), "extract minimal")
    installation = walker.app.conductor.installation
    assert installation is not None
    walker.app.leave()
    walker.app.worker.wait(5)
    walker.app.worker.drain()
    with pytest.raises(urwid.ExitMainLoop):
        walker.app.refresh()
    assert any("unwinding" in line for line in installation.log)
