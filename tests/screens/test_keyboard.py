"""The keyboard layout: asked for before anything is typed blind, and loaded at once."""

from __future__ import annotations

import threading

import pytest

from installer.errors import CommandFailed
from tests.screens.conftest import Walk
from tests.screens.test_steps import with_password
from tests.screens.walker import Walker

LAYOUT = "Keyboard layout"


def with_encryption(walker: Walker) -> Walker:
    walker.go("storage").field("[ ] Encryption").keys(" ")
    return walker.fill("Passphrase", "Zwölf Yaks").keys("enter").type("Zwölf Yaks")


@pytest.mark.parametrize("console", ["tty1", "/dev/tty1", "ttyS0", ""])
def test_a_layout_is_on_the_screen_before_a_passphrase_is_asked_for(
    walk: Walk, console: str
) -> None:
    walker = walk("empty-virtio", console=console).fill(LAYOUT, "de(nodeadkeys)").go("disk")
    assert walker.engine.keyboards == ["de(nodeadkeys)"]
    walker.go("storage")
    assert walker.engine.keyboards == ["de(nodeadkeys)"]
    assert walker.app.walk.draft.document()["keyboard"] == "de(nodeadkeys)"


def test_nothing_is_asked_while_the_layout_is_loaded(walk: Walk) -> None:
    walker = walk("empty-virtio", keyboard_hold=threading.Event())
    walker.fill(LAYOUT, "de")
    walker.app.widget.keypress(walker.size, "f10")
    assert walker.id == "disk"
    assert "Loading the keyboard layout de..." in walker.screen
    assert walker.engine.keyboard_hold is not None
    walker.engine.keyboard_hold.set()
    walker.settle()
    assert "PHOTON0" in walker.screen or "serial" in walker.screen


def test_the_layout_that_the_screen_has_is_not_loaded(walk: Walk) -> None:
    walker = walk("empty-virtio").go("storage")
    assert walker.engine.keyboards == []


def test_a_layout_that_no_host_has_ends_at_the_welcome(walk: Walk) -> None:
    walker = walk("empty-virtio").fill(LAYOUT, "uk").keys("f10")
    assert walker.id == "welcome"
    assert '"gb"' in walker.screen
    assert walker.engine.keyboards == []


def test_what_was_typed_blind_on_another_layout_is_asked_for_again(walk: Walk) -> None:
    walker = with_password(with_encryption(walk("empty-virtio")))
    walker.go("review")
    walker.keys(*["esc"] * 8)
    assert walker.id == "welcome"
    assert "enter your passwords again" in walker.screen
    walker.fill(LAYOUT, "de").go("storage").keys("f10")
    assert walker.engine.keyboards == ["de"]
    assert walker.id == "storage"
    draft = walker.app.walk.draft
    assert (draft.passphrase.reveal(), draft.root_hash) == ("", "")
    assert draft.encryption
    with_encryption_again = walker.fill("Passphrase", "Zwölf Yaks").keys("enter")
    with_encryption_again.type("Zwölf Yaks")
    assert with_password(walker.go("accounts")).go("review").id == "review"


def test_what_was_typed_on_a_serial_line_stays(walk: Walk) -> None:
    walker = with_password(with_encryption(walk("empty-virtio", console="ttyS0")))
    walker.go("review").keys(*["esc"] * 8)
    assert walker.fill(LAYOUT, "de").go("review").id == "review"
    assert walker.engine.keyboards == ["de"]


def test_back_to_the_first_layout(walk: Walk) -> None:
    walker = walk("empty-virtio").fill(LAYOUT, "de").go("disk").keys("esc")
    walker.fill(LAYOUT, "us").go("disk")
    assert walker.engine.keyboards == ["de", "us"]


def test_a_layout_that_cannot_be_loaded_is_said_once(walk: Walk) -> None:
    error = CommandFailed("loadkeys: ended with exit code 1")
    walker = walk("empty-virtio", keyboard_error=error).fill(LAYOUT, "de").keys("f10")
    assert walker.id == "welcome"
    assert "This screen stays with the layout us" in walker.screen
    assert walker.go("storage").id == "storage"
    assert walker.engine.keyboards == ["de"]


def test_on_a_serial_line_it_need_not_be_loaded(walk: Walk) -> None:
    error = CommandFailed("loadkeys: ended with exit code 1")
    walker = walk("empty-virtio", console="ttyS0", keyboard_error=error)
    assert walker.fill(LAYOUT, "de").go("storage").id == "storage"
