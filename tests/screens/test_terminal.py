"""On real pseudo-terminals: sizes, terminals without colours, speed, bytes on the wire."""

from __future__ import annotations

import gc
from pathlib import Path

import pexpect
import pyte
import pytest

from screens.full_screen.palette import PALETTE
from tests.screens.conftest import Walk
from tests.screens.timing import first_paint, repaints

ROOT = Path(__file__).parent.parent.parent
PARTS = 9600 / 10


class Terminal:
    """The screens in a child process, and what a terminal makes of their bytes."""

    def __init__(self, python: str, folder: Path, *, term: str = "vt220", lang: str = "C") -> None:
        self.screen = pyte.Screen(80, 24)
        self._stream = pyte.Stream(self.screen)
        self.child = pexpect.spawn(
            python,
            ["-m", "tests.screens.demo", "virtualbox", str(folder)],
            cwd=str(ROOT), encoding="utf-8", timeout=20, dimensions=(24, 80),
            env={"TERM": term, "PATH": "/usr/bin:/bin", "LANG": lang},
        )  # fmt: skip

    def expect(self, text: str) -> str:
        for _ in range(200):
            if text in "\n".join(self.screen.display):
                return "\n".join(self.screen.display)
            try:
                self._stream.feed(self.child.read_nonblocking(4096, timeout=0.1))
            except pexpect.TIMEOUT:
                continue
        raise AssertionError(f"{text!r} never came:\n" + "\n".join(self.screen.display))

    def send(self, keys: str) -> None:
        self.child.send(keys)


@pytest.mark.parametrize(("term", "lang"), [("linux", "C.UTF-8"), ("vt100", "C")])
def test_the_editor(python: str, tmp_path: Path, term: str, lang: str) -> None:
    terminal = Terminal(python, tmp_path, term=term, lang=lang)
    terminal.expect("> < Start >")
    terminal.send("\r")
    terminal.expect("[disk]")
    terminal.send("\r")
    terminal.expect("[storage]")
    terminal.send("\t\t\r")
    terminal.expect("[partitions]")
    terminal.expect("new |AB")
    terminal.send("\x1b[B\x1b[B\r")
    terminal.expect("[actions]")
    terminal.send("e")
    terminal.expect("[edit]")
    terminal.send("\x7f\x7f\x7f\x7f5 GiB\x1b[21~")
    terminal.expect("free space")
    terminal.send("\x1a")
    terminal.expect("( Undo )")
    terminal.send("\x1b[21~")
    terminal.expect("[storage]")


@pytest.mark.parametrize(
    ("term", "lang"), [("linux", "C.UTF-8"), ("vt220", "C"), ("vt100", "C"), ("xterm", "C.UTF-8")]
)
def test_a_whole_walk(python: str, tmp_path: Path, term: str, lang: str) -> None:
    terminal = Terminal(python, tmp_path, term=term, lang=lang)
    screens = ("welcome", "disk", "storage", "boot", "packages", "network")
    for name in screens:
        terminal.expect(f"[{name}]")
        terminal.expect("> < Start >" if name == "welcome" else "> < Next >")
        terminal.send("\r")
    terminal.expect("[host]")
    terminal.send("\x1b[21~")
    terminal.expect("[accounts]")
    terminal.send("correct horse\rcorrect horse\r")
    terminal.expect("> User name")
    terminal.send("\x1b[21~")
    terminal.expect("> < Install >")
    terminal.send("\r")
    terminal.expect("> Disk to erase")
    terminal.send("sda\r")
    terminal.expect("> < Erase and install >")
    terminal.send("\r")
    shown = terminal.expect("[done]")
    assert "6.0 s" in shown
    terminal.send("\r")
    terminal.child.expect_exact("ended: reboot")
    terminal.child.expect(pexpect.EOF)


def test_resizing(python: str, tmp_path: Path) -> None:
    terminal = Terminal(python, tmp_path)
    terminal.expect("> < Start >")
    terminal.screen.resize(20, 60)
    terminal.child.setwinsize(20, 60)
    terminal.expect("the installer needs 80x24")
    terminal.send("\r")
    terminal.screen.resize(30, 100)
    terminal.child.setwinsize(30, 100)
    shown = terminal.expect("> < Start >")
    assert "[welcome]" in shown
    terminal.child.terminate(force=True)


def test_too_small_says_so_and_takes_no_key(walk: Walk) -> None:
    walker = walk()
    for size in ((79, 24), (80, 23), (20, 5), (1, 1)):
        walker.size = size
        walker.keys("enter", "f3", "x")
        assert len(walker.app.widget.render(size, True).text) == size[1]
    walker.size = (79, 24)
    assert "This terminal has 79x24; the installer needs 80x24" in walker.screen
    walker.size = (80, 24)
    assert walker.id == "welcome"


@pytest.mark.parametrize("size", [(80, 24), (132, 43), (250, 100)])
def test_any_larger_size_works(walk: Walk, size: tuple[int, int]) -> None:
    walker = walk()
    walker.size = size
    for _ in range(8):
        assert len(walker.lines) == size[1]
        walker.keys("f10", "tab")


def test_every_colour_has_a_monochrome_twin() -> None:
    assert all(len(entry) == 4 for entry in PALETTE)
    assert {mono for _, _, _, mono in PALETTE} <= {"", "bold", "standout"}


def test_no_key_takes_longer_than_a_tenth_of_a_second(tmp_path: Path) -> None:
    # What earlier tests left behind is not the screens' to be looked through for garbage.
    gc.collect()
    gc.freeze()
    try:
        paint, keys = first_paint(tmp_path / "first"), repaints(tmp_path / "keys")
    finally:
        gc.unfreeze()
    assert paint.cpu < 0.5
    slowest = max(keys, key=lambda each: each.cpu)
    assert slowest.cpu < 0.1, slowest


def test_a_slow_line_keeps_up(tmp_path: Path) -> None:
    """At 9600 baud: a screen in two and a half seconds, an ordinary key in a fifth of one."""
    assert first_paint(tmp_path / "first").sent < 2 * PARTS
    sent = sorted(each.sent for each in repaints(tmp_path / "keys"))
    assert sent[len(sent) // 2] < PARTS / 5
    assert sent[-1] < 2.5 * PARTS
