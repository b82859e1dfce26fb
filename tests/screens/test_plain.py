"""The line mode: the same walk, answered line by line."""

from __future__ import annotations

import io
import json
import threading
from pathlib import Path

import pexpect
import pytest

from installer.errors import CommandFailed
from installer.events import Event, Message, Progress, event_to_json
from screens.line_mode.plain import run_plain
from screens.line_mode.printed import Printed
from screens.line_mode.terminal import Terminal
from screens.options import Options, Outcome
from screens.progress import LOG_LINES, log_lines
from screens.session import Follower, Paths, Session
from tests.screens.test_progress import BEGIN, END
from tests.screens.walker import SEED, MemoryEngine, Walker, machine

ROOT = Path(__file__).parent.parent.parent
PASSWORD = ("1", "correct horse", "2", "correct horse")


def answered(folder: Path, *lines: str, **engine: object) -> tuple[str, MemoryEngine, Outcome]:
    """What is printed when these lines are typed."""
    memory = MemoryEngine(machine=machine("virtualbox"), **engine)  # type: ignore[arg-type]
    sink = io.StringIO()
    terminal = Terminal(source=io.StringIO("".join(f"{line}\n" for line in lines)), sink=sink)
    options = Options(seed=SEED, console="ttyS0", paths=Paths(folder=folder))
    outcome = run_plain(memory, options, terminal)
    return sink.getvalue(), memory, outcome


def test_the_end_of_input_quits(tmp_path: Path) -> None:
    text, memory, outcome = answered(tmp_path)
    assert "== Photon installer  [welcome]  1/9  Welcome ==" in text
    assert outcome is Outcome.QUIT
    assert not memory.installed


def test_a_whole_walk_installs_and_reboots(tmp_path: Path) -> None:
    script: tuple[Event, ...] = (*BEGIN, END)
    lines = [""] * 7 + [*PASSWORD, "", "", "sda", "1"]
    text, memory, outcome = answered(tmp_path, *lines, script=script)
    assert outcome is Outcome.REBOOT, text
    assert len(memory.installed) == 1
    for screen in ("welcome", "disk", "storage", "boot", "packages", "network", "host"):
        assert f"[{screen}]" in text
    assert "Hashing the password..." in text
    assert "extract minimal" in text
    assert "100 %" in text
    assert "Photon is installed." in text
    assert "correct horse" not in text


def test_the_plan_is_that_of_the_full_screen(tmp_path: Path) -> None:
    path = tmp_path / "saved.json"
    lines = [""] * 7 + [*PASSWORD, "", "1", str(path)]
    text, memory, _ = answered(tmp_path / "run", *lines)
    assert f"Saved as {path}" in text
    walker = Walker(memory, tmp_path / "other", console="ttyS0").go("accounts")
    walker.fill("Root password", "x").keys("enter").type("x").go("review")
    saved = json.loads(path.read_text("utf-8"))
    assert memory.plan(saved, memory.machine, SEED) == walker.app.walk.plan


def test_the_wrong_disk_name_does_not_install(tmp_path: Path) -> None:
    text, memory, _ = answered(tmp_path, *[""] * 7, *PASSWORD, "", "", "yes", "", "")
    assert "! Type sda to continue" in text
    assert not memory.installed


def test_refusals_and_going_back(tmp_path: Path) -> None:
    host = ("1", "-bad-", "", "1", "edge-07", "b", "", "")
    accounts = ("77", "h", "", "q", "no", "q", "yes")
    text, _, outcome = answered(tmp_path, *[""] * 6, *host, *accounts)
    assert text.count("! ") >= 3
    assert "Host name: edge-07" in text
    assert "'77' is not a valid choice" in text
    assert "nobody could log in" in text
    assert "the screen before; nothing is lost" in text
    assert outcome is Outcome.QUIT


def test_choosing_and_refused_options(tmp_path: Path) -> None:
    storage = ("2", "2", "3", "3", "4", "2 GiB", "")
    text, _, _ = answered(tmp_path, "", "", *storage, "2", "2", "1", "77")
    assert "Root filesystem: ext4" in text
    assert "Swap space: A swap file" in text
    assert "Swap size: 2 GiB" in text
    assert "'77' is not a valid choice" in text


def test_failure_offers_the_review(tmp_path: Path) -> None:
    lines = [*[""] * 7, *PASSWORD, "", "", "sda", "1", "q", "yes"]
    text, memory, outcome = answered(
        tmp_path, *lines, script=BEGIN, error=CommandFailed("it broke", "mend it")
    )
    assert "! it broke" in text
    assert "mend it" in text
    assert text.count("[review]") == 2
    assert memory.probes == 2
    assert outcome is Outcome.QUIT


def test_it_follows_another_console(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = Session(Paths(folder=tmp_path), "tty1")
    assert other.take()
    monkeypatch.setattr("screens.line_mode.terminal.time.sleep", lambda _seconds: other.release())
    text, _, _ = answered(tmp_path)
    assert "This machine is being set up from tty1. Enter takes over." in text
    assert text.index("[following]") < text.index("[welcome]")


def test_back_on_the_first_screen_asks_whether_to_leave(tmp_path: Path) -> None:
    text, _, outcome = answered(tmp_path, "b", "", "b", "yes")
    assert text.count("Quit? The installer restarts and your answers are lost.") == 2
    assert text.count("[welcome]") == 2
    assert outcome is Outcome.QUIT


def test_every_line_counts_as_use_of_the_session(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    used: list[Session] = []

    def use(session: Session) -> None:
        used.append(session)

    monkeypatch.setattr(Session, "used", use)
    answered(tmp_path, "", "h", "b")
    assert len(used) == 3


def test_cancelling_says_that_it_takes_a_while(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    interrupts = [KeyboardInterrupt()]

    def sleep(_seconds: float) -> None:
        if interrupts:
            raise interrupts.pop()

    monkeypatch.setattr("screens.line_mode.plain.time.sleep", sleep)
    lines = [""] * 7 + [*PASSWORD, "", "", "sda", "yes", "3"]
    text, _, outcome = answered(tmp_path, *lines, script=BEGIN, hold=threading.Event())
    assert "Cancelling: what can be undone is being undone...\n" in text
    assert text.index("Cancelling: ") < text.index("unwinding") < text.index("[cancelled]")
    assert outcome is Outcome.REBOOT


def test_another_console_is_followed_line_by_line(tmp_path: Path) -> None:
    """Also behind the last lines that the full screen keeps, and into another installation."""
    said: list[str] = []
    follower, printed = Follower(Paths(folder=tmp_path)), Printed(said.append)
    begin = [Message(level="info", text=f"line {number}") for number in range(2 * LOG_LINES)]
    events: tuple[Event, ...] = (*begin, Progress(fraction=0.5))
    for count in (len(begin) // 2, len(events), 3):
        written = "\n".join(json.dumps(event_to_json(each)) for each in events[:count])
        (tmp_path / "events.jsonl").write_text(f"{written}\n")
        follower.read()
        printed.show(follower.state, follower.log)
    lines = [f"  {line}" for each in begin for line in log_lines(each)]
    assert len(lines) > LOG_LINES
    assert said == [*lines, "50 %", *lines[:3]]


def test_it_works_on_a_dumb_terminal(tmp_path: Path, python: str) -> None:
    child = pexpect.spawn(
        python,
        ["-m", "tests.screens.demo", "virtualbox", str(tmp_path), "--plain"],
        cwd=str(ROOT), encoding="utf-8", timeout=20, env={"TERM": "dumb", "PATH": "/usr/bin:/bin"},
    )  # fmt: skip
    for screen in ("welcome", "disk", "storage", "boot", "packages", "network", "host"):
        child.expect_exact(f"[{screen}]")
        child.expect_exact("> ")
        child.sendline("")
    for prompt, answer in (
        ("> ", "1"), ("Root password: ", "correct horse"), ("> ", "2"),
        ("Confirm: ", "correct horse"), ("> ", ""),
    ):  # fmt: skip
        child.expect_exact(prompt)
        child.sendline(answer)
    child.expect_exact("[review]")
    assert "correct horse" not in (child.before or "")
    child.sendline("")
    child.expect_exact("Disk to erase")
    child.sendline("sda")
    child.expect_exact("Photon is installed.")
    child.expect_exact("Number: ")
    child.sendline("2")
    child.expect_exact("poweroff")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0


def test_no_word_is_broken_at_the_edge(tmp_path: Path) -> None:
    text, _, _ = answered(tmp_path, *[""] * 7, *PASSWORD, "")
    assert max(len(line) for line in text.splitlines()) <= 80
    assert "packages, network and accounts" in text


def test_what_can_be_ticked_says_what_it_means(tmp_path: Path) -> None:
    text, _, _ = answered(tmp_path, "", "")
    assert "LVM: no - the root on a logical volume: can grow over further disks\n" in text
