"""What is typed fast or pasted: one edit, no control characters, no check in its way."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ks_schema import Problem
from ks_schema.language import longest
from screens.full_screen.bursts import Burst, Bursts
from screens.full_screen.keyboard import Keyboard
from screens.typed import LONGEST, TypedLine, one_line
from tests.screens.conftest import Walk
from tests.screens.test_review import KEY
from tests.screens.test_terminal import Terminal
from tests.screens.walker import Walker


class Hands:
    """Keys that come as urwid's main loop gets them: several at once."""

    def __init__(self, walker: Walker) -> None:
        self.walker = walker
        self.alarms: list[Any] = []
        self._keyboard = Keyboard(self, lambda _seconds, call: self.alarms.append(call))

    def take(self, *keys: str) -> Hands:
        self._keyboard.take(keys)
        return self

    def paste(self, text: str) -> Hands:
        names = {"\n": "enter", "\r": "enter", "\t": "tab"}
        return self.take("begin paste", *(names.get(each, each) for each in text), "end paste")

    def settle(self) -> Hands:
        """Pass on what had to wait, as the main loop does when the work in threads is done."""
        self.walker.settle()
        while self._keyboard.held:
            self._keyboard.go_on()
            self.walker.settle()
        return self

    def waiting(self) -> bool:
        return self.walker.app.checks.awaited

    def insert(self, text: str) -> bool:
        return self.walker.app.widget.insert(text)

    def press(self, key: str) -> None:
        self.walker.app.widget.keypress(self.walker.size, key)

    def refuse_paste(self) -> None:
        self.walker.app.widget.refuse_paste()


def counted(walker: Walker, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The checks that are made from now on."""
    made: list[str] = []
    check = walker.engine.check

    def counting(document: Mapping[str, Any]) -> tuple[Problem, ...]:
        made.append("check")
        return check(document)

    monkeypatch.setattr(walker.engine, "check", counting)
    return made


@pytest.mark.parametrize("size", [80, 2000, 10_000])
@pytest.mark.parametrize("pasted", [True, False])
def test_no_check_is_made_while_keys_come(
    walk: Walk, monkeypatch: pytest.MonkeyPatch, size: int, pasted: bool
) -> None:
    walker = walk().go("accounts").field("SSH public key")
    made = counted(walker, monkeypatch)
    text = f"ssh-ed25519 {'A' * size}"
    hands = Hands(walker).paste(text) if pasted else Hands(walker).take(*text)
    assert walker.app.walk.draft.ssh_key == text
    assert made == []
    walker.settle()
    assert made == ["check"]
    assert "SSH public key: this public key is" in walker.screen
    hands.take("x")
    assert walker.app.walk.draft.ssh_key == f"{text}x"


def test_nothing_is_left_unchecked(walk: Walk) -> None:
    """Next waits for the check, however fast it is pressed."""
    walker = walk().go("host")
    Hands(walker).take(*"-bad-", "f10").settle()
    assert walker.id == "host"
    assert "photon-bad-" in walker.screen
    Hands(walker).take("ctrl u", *"edge", "f10").settle()
    assert walker.id == "accounts"


def test_a_paste_is_one_edit_without_control_characters(walk: Walk) -> None:
    walker = walk().go("accounts").field("SSH public key")
    Hands(walker).paste(f"{KEY[:30]}\r\n{KEY[30:-9]}\t{KEY[-8:]}\x1b\x00\n")
    assert walker.app.walk.draft.ssh_key == KEY
    assert walker.focus.startswith("> SSH public key"), "no line break is Enter"


def test_a_paste_where_nothing_is_typed_does_nothing(walk: Walk) -> None:
    walker = walk("24-disks").go("disk")
    Hands(walker).paste("\n \n\nsda\n")
    walker.settle()
    assert walker.id == "disk"
    assert walker.app.walk.draft.disk == ""
    assert "No text field is selected" in walker.screen
    walker.keys("down")
    assert "There is no field" not in walker.screen


def test_a_letter_where_nothing_is_typed_is_told_of(walk: Walk) -> None:
    walker = walk().go("packages").type("x")
    assert "No text field is selected" in walker.screen


def test_a_paste_without_an_end_is_taken_in(walk: Walk) -> None:
    walker = walk().go("host")
    hands = Hands(walker).take("begin paste", *"-edge")
    hands.take(*"-7")
    assert walker.app.walk.draft.hostname == "photon"
    hands.alarms[0]()
    assert walker.app.walk.draft.hostname == "photon", "more has come since"
    hands.alarms[1]()
    assert walker.app.walk.draft.hostname == "photon-edge-7"
    hands.take("f10").settle()
    assert walker.id == "accounts"


def test_fields_take_as_much_as_the_schema_allows(walk: Walk) -> None:
    walker = walk().go("host")
    most = longest(("hostname",))
    assert most is not None
    Hands(walker).paste("a" * 500)
    walker.settle()
    assert len(walker.app.walk.draft.hostname) == most
    assert f"! At most {most} characters fit here" in walker.screen
    walker.keys("backspace")
    assert "At most" not in walker.screen
    Hands(walker.go("accounts").field("SSH public key")).paste("A" * 30_000)
    assert len(walker.app.walk.draft.ssh_key) == longest(("root", "ssh_keys", "0"))
    Hands(walker.field("Full name")).paste("A" * 30_000)
    assert len(walker.app.walk.draft.user_full_name) <= LONGEST


@pytest.mark.parametrize(
    ("screen", "label"),
    [("storage", "Passphrase"), ("boot", "Menu password"), ("accounts", "Root password")],
)
def test_a_secret_is_never_cut_off(walk: Walk, screen: str, label: str) -> None:
    """Nobody would see it, and nobody could log in, or open the disk, with the whole one."""
    walker = walk("two-empty-virtio").go("disk").keys(" ")
    if screen == "storage":
        walker.app.walk.set("encryption", "yes")
    walker.go(screen).field(label)
    Hands(walker).paste("correct horse " * 800).take("tab").paste("correct horse " * 800)
    walker.settle()
    for leave in ("f10", "esc"):
        walker.keys(leave)
    walker.keys("f10")
    assert walker.id == screen, walker.screen
    assert "256 characters" in " ".join(walker.screen.split())
    assert walker.app.walk.draft.root_hash == walker.app.walk.draft.menu_hash == ""


def test_no_password_is_hashed_that_grub_cannot_be_given(walk: Walk) -> None:
    walker = walk().go("boot").field("Menu password")
    Hands(walker).paste("zürich").take("tab").paste("zürich").settle()
    walker.keys("esc")
    assert walker.app.walk.draft.menu_hash == ""
    walker.keys("f10")
    assert walker.id == "boot"
    walker.keys("f10")
    assert "It cannot be typed in the boot menu" in walker.screen


def test_a_password_that_is_set_stays_when_its_field_is_passed_through(walk: Walk) -> None:
    walker = walk().go("accounts").field("Root password")
    Hands(walker).paste("correct horse").take("tab").paste("correct horse").settle()
    walker.go("review").keys("esc")
    assert "set; type to change" in walker.screen
    walker.field("Root password").keys("left", "home", "end", "ctrl k", "down", "up", "backspace")
    assert walker.app.walk.draft.root_hash
    walker.go("review")


def test_the_editors_fields_are_bounded_too(walk: Walk, monkeypatch: pytest.MonkeyPatch) -> None:
    walker = walk().go("storage").field("< Edit partitions... >").keys("enter")
    walker.keys("down", "down", "enter", "e")
    assert walker.id == "edit"
    looked: list[str] = []
    layout = walker.engine.layout

    def counting(*arguments: Any) -> Any:
        looked.append("layout")
        return layout(*arguments)

    monkeypatch.setattr(walker.engine, "layout", counting)
    Hands(walker).paste("9\n" * 5000)
    assert looked == []
    walker.settle()
    assert looked == ["layout"]
    assert "!" in walker.screen
    walker.keys("f10")
    assert walker.id == "edit", "what is too long is not taken"


def test_a_paste_in_a_dialog(walk: Walk) -> None:
    walker = walk().go("accounts")
    Hands(walker).paste("correct horse\n").take("tab").paste("correct horse\n")
    walker.settle()
    walker.go("review").keys("enter")
    hands = Hands(walker).paste("sda\n")
    assert walker.focus.startswith("> Disk to erase")
    hands.take("enter")
    assert walker.focus.startswith("> < Erase and install >")


def test_words_are_deleted_as_in_a_shell() -> None:
    line = TypedLine(text="one two  ", place=9)
    for keys, text in (
        (("ctrl w",), "one "),
        (("ctrl u",), ""),
        (("ctrl a", "ctrl k"), ""),
        (("left", "left", "backspace"), "one tw  "),
        (("ctrl a", "x", "ctrl e", "y"), "xone two  y"),
        (("home", "delete"), "ne two  "),
    ):
        typed = line
        for key in keys:
            after = typed.press(key)
            assert after is not None
            typed = after
        assert typed.text == text
    assert line.press("f10") is None
    assert line.press("<255>") is None


@given(st.text(max_size=50), st.lists(st.text(max_size=30), max_size=5))
def test_a_line_holds_no_control_characters_and_no_more_than_its_limit(
    start: str, pastes: list[str]
) -> None:
    line = TypedLine(text="", place=0, limit=60).insert(start)
    for paste in pastes:
        line = line.insert(paste)
        assert line.text == one_line(line.text)
        assert len(line.text) <= 60
        assert 0 <= line.place <= len(line.text)


KEYS = ("a", "\u00e9", "enter", "tab", "begin paste", "end paste", "f10")


@given(st.lists(st.sampled_from(KEYS)))
def test_bursts_lose_no_key(keys: list[str]) -> None:
    bursts = Bursts()
    taken = [*bursts.take(keys), *bursts.end()]
    text = "".join(each.text if isinstance(each, Burst) else f"<{each}>" for each in taken)
    pasting, wanted = False, ""
    for key in keys:
        if key in {"begin paste", "end paste"}:
            pasting = key == "begin paste"
            continue
        typed = {"enter": "\n", "tab": "\t"}.get(key, key if len(key) == 1 else "")
        wanted += typed if pasting else key if len(key) == 1 else f"<{key}>"
    assert text == wanted


def test_pastes_in_a_terminal(python: str, tmp_path: Path) -> None:
    """The terminal is told to mark pastes, and 10 kB are there at once."""
    terminal = Terminal(python, tmp_path, term="xterm", lang="C.UTF-8")
    terminal.expect("> < Start >")
    terminal.send("\x1b[21~" * 7)
    terminal.expect("[accounts]")
    terminal.send("\t" * 6)
    terminal.expect("> SSH public key")
    key = f"ssh-rsa {'A' * 10_000} me"
    terminal.send(f"\x1b[200~{key}\n\x1b[201~")
    terminal.expect(f"{key[-30:]} ]")
    terminal.expect("> SSH public key")
    terminal.expect("! ")
    terminal.send("\x15\x1b[200~ab\r\ncd\x1b[201~")
    terminal.expect("[abcd ")
    terminal.send("\xff")
    terminal.expect("[abcd")
    terminal.child.kill(15)
    terminal.child.expect_exact("\x1b[?2004l")
    terminal.child.expect_exact("ended: quit")


def test_a_paste_is_asked_for_and_given_back(python: str, tmp_path: Path) -> None:
    terminal = Terminal(python, tmp_path, term="xterm", lang="C.UTF-8")
    terminal.child.expect_exact("\x1b[?2004h")
    terminal.child.expect_exact("Console:")
    terminal.child.kill(15)
    terminal.child.expect_exact("\x1b[?2004l")
