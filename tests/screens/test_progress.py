"""The installation on the screen: bar, phases, log, cancel, done and failed."""

from __future__ import annotations

import threading
import time
from pathlib import Path

from installer.errors import CommandFailed
from installer.events import (
    ActionStarted,
    BootChecked,
    Event,
    Failed,
    Finished,
    Message,
    PhasePlanned,
    PhaseStarted,
    Progress,
    Started,
)
from screens.progress import Mark, ProgressState, bar, follow
from tests.screens.conftest import Walk
from tests.screens.test_review import reviewed, save
from tests.screens.walker import Walker

PHASES = (("partition", "Partition the disk"), ("payload", "Extract the system"))
BEGIN: tuple[Event, ...] = (
    Started(
        disk="sda",
        phases=tuple(PhasePlanned(id=name, title=title, weight=0.5) for name, title in PHASES),
    ),
    PhaseStarted(id="partition", title="Partition the disk"),
    ActionStarted(phase="partition", description="write the table"),
    Message(level="debug", text="$ sfdisk\nDone."),
    Progress(fraction=0.5),
    PhaseStarted(id="payload", title="Extract the system"),
    ActionStarted(phase="payload", description="extract minimal"),
)
END = Finished(seconds={"partition": 1.5, "payload": 40.0}, next="reboot")


def started(walker: Walker) -> Walker:
    return reviewed(walker).keys("enter").type("sda").keys("enter", "enter")


def until(walker: Walker, text: str) -> Walker:
    deadline = time.monotonic() + 5
    while text not in walker.screen:
        assert time.monotonic() < deadline, walker.screen
        time.sleep(0.01)
        walker.app.worker.drain()
        walker.app._repaint()
    return walker


def test_progress_shows_bar_phases_and_log(walk: Walk) -> None:
    hold = threading.Event()
    walker = started(walk(script=(*BEGIN, Progress(fraction=0.75)), hold=hold))
    until(walker, " 75 %")
    assert walker.id == "progress"
    assert "[x] Partition the disk" in walker.screen
    assert "[>] Extract the system" in walker.screen
    assert "$ sfdisk" in walker.screen
    assert "extract minimal" in walker.screen
    hold.set()
    walker.app.worker.wait(5)
    until(walker, "Photon is installed.")
    assert walker.id == "done"


def test_done_lists_seconds_and_what_is_next(walk: Walk) -> None:
    walker = started(walk(script=(*BEGIN, END)))
    until(walker, "Photon is installed.")
    assert "41.5 s" in walker.screen
    assert "Remove the installation medium" in walker.screen
    assert walker.focus == "> < Reboot >"
    walker.keys("enter")
    assert walker.ended == "reboot"


def test_done_says_what_the_boot_check_found(walk: Walk) -> None:
    found = (("good", "shim", "signed", ""), ("bad", "GRUB", "not signed", "sign it"))
    checked = BootChecked(boots=True, trust="this firmware", enforced=False, findings=found)
    walker = until(started(walk(script=(*BEGIN, checked, END))), "Photon is installed.")
    assert "Checked: it will boot; Secure Boot is off." in walker.screen
    assert "Under Secure Boot it would not: GRUB." in walker.screen


def test_done_calls_the_phases_what_the_progress_did(walk: Walk) -> None:
    walker = until(started(walk(script=(*BEGIN, END))), "Photon is installed.")
    assert "Partition the disk     1.5 s" in walker.screen
    assert "Extract the system    40.0 s" in walker.screen
    assert "Total                 41.5 s" in walker.screen


def test_done_powers_off(walk: Walk) -> None:
    walker = until(started(walk(script=(*BEGIN, END))), "Photon is installed.")
    walker.keys("down", "enter")
    assert walker.ended == "poweroff"


def test_failed_says_what_and_offers_the_way_back(walk: Walk, tmp_path: Path) -> None:
    error = CommandFailed("unsquashfs ended with 1", "use another disk")
    walker = started(walk(script=BEGIN, error=error))
    until(walker, "Photon is not installed.")
    assert walker.id == "failed"
    for text in ("unsquashfs ended with 1", "use another disk", "The disk was changed"):
        assert text in walker.screen
    assert "install.log" in walker.screen
    # Beside another system the rest of the disk is not lost.
    assert "The data listed in the review is lost" in walker.screen
    assert walker.lines[-1].strip() == "Tab Move  Enter Accept  F1 Help  F3 Quit"
    walker.field("< Save the log >").keys("enter").fill("File", str(tmp_path / "log"))
    walker.keys("enter", "enter", "enter")
    log = (tmp_path / "log").read_text("utf-8")
    for text in ("== Partition the disk\n", "$ sfdisk\n", "unsquashfs ended with 1\n"):
        assert text in log
    walker.field("< Back to the review >").keys("enter")
    assert walker.id == "review"
    assert walker.engine.probes == 2


def test_failed_before_anything_was_written(walk: Walk) -> None:
    walker = started(walk(script=(BEGIN[0],), error=CommandFailed("no payload")))
    until(walker, "Nothing was written to any disk.")


def test_a_disk_that_was_put_back(walk: Walk) -> None:
    failed = Failed(exit_code=5, message="Stopped.", hint="", written=True, restored=True)
    walker = started(walk(script=(*BEGIN, failed), error=CommandFailed("Stopped.")))
    until(walker, "The disk was restored")


def test_the_engines_own_failure_is_shown_once(walk: Walk) -> None:
    failed = Failed(exit_code=4, message="mkfs failed", hint="", written=True)
    walker = started(walk(script=(*BEGIN, failed), error=CommandFailed("mkfs failed")))
    until(walker, "mkfs failed")
    assert walker.screen.count("mkfs failed") == 1


def test_cancel_asks_first(walk: Walk) -> None:
    walker = started(walk(script=BEGIN, hold=threading.Event()))
    until(walker, "extract minimal")
    walker.keys("esc")
    assert walker.focus.startswith("> < Continue installing >")
    assert "the new system will not boot" in " ".join(walker.screen.split())
    walker.keys("enter")
    assert walker.id == "progress"
    walker.keys("esc", "tab", "enter")
    walker.app.worker.wait(5)
    until(walker, "The installation was cancelled.")
    assert walker.id == "cancelled"
    assert "!" not in walker.screen, "nothing went wrong"


def test_a_long_log_keeps_the_end_and_control_characters_are_harmless(walk: Walk) -> None:
    lines = tuple(Message(level="info", text=f"line {number}\x1b[2J") for number in range(500))
    walker = started(walk(script=(*BEGIN, *lines), hold=threading.Event()))
    until(walker, "line 499")
    assert "\x1b" not in walker.screen
    assert "line 400" not in walker.screen


def test_follow_marks_the_phase_that_failed() -> None:
    state = ProgressState()
    for event in (*BEGIN, Failed(exit_code=4, message="x", hint="", written=True)):
        state = follow(state, event)
    assert [phase.mark for phase in state.phases] == [Mark.DONE, Mark.FAILED]


def test_bar_is_as_wide_as_asked() -> None:
    assert bar(0.5, 28) == "[" + "#" * 10 + "." * 10 + "]  50 %"
    assert len(bar(1.0, 78)) == len(bar(0.0, 78)) == 78


def test_saving_works_before_and_after_a_failure(walk: Walk, tmp_path: Path) -> None:
    walker = started(walk(script=BEGIN, error=CommandFailed("no")))
    until(walker, "Photon is not installed.")
    walker.keys("enter")
    save(walker, tmp_path / "again.json")
    assert (tmp_path / "again.json").exists()
