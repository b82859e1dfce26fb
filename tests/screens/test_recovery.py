"""Recovery keys: shown once, drawn where that is possible, and nowhere else."""

from __future__ import annotations

import io
import shutil
from pathlib import Path

import pytest
import urwid

from installer.command.screens_engine import ApiEngine
from installer.config.boot import Boot, MachineOwnerKey, OwnerKeys
from installer.config.kickstart import InstallConfig
from installer.config.recovery import key_lines, new_recovery_key, shown_once, with_drawn_secrets
from installer.config.storage import Encryption, Storage
from installer.secret import Secret
from screens.line_mode.plain import run_plain
from screens.line_mode.terminal import Terminal
from screens.options import Options, Outcome
from screens.session import Paths
from screens.steps.recovery import recovery_form
from tests.screens.conftest import Walk
from tests.screens.test_progress import BEGIN, END
from tests.screens.test_steps import with_password
from tests.screens.test_storage import at_storage
from tests.screens.walker import SEED, MemoryEngine, Walker, machine


def installed(walker: Walker) -> Walker:
    """Install with a TPM alone, which always has a recovery key."""
    at_storage(walker).field("[ ] Encryption").keys(" ").field("[ ] Unlock with TPM").keys(" ")
    with_password(walker).go("review").keys("enter")
    return walker.type("vda").keys("enter", "enter")


def key_of(walker: Walker) -> Secret:
    (plan,) = walker.engine.installed
    (shown,) = plan.shown_once
    return shown.secret


def test_the_key_has_a_screen_of_its_own_and_goes_after_a_confirmation(walk: Walk) -> None:
    walker = installed(walk("empty-virtio", firmware={"tpm": "2"}, script=(*BEGIN, END)))
    assert walker.id == "recovery", walker.screen
    first, second = key_lines(key_of(walker))
    assert first in walker.screen
    assert second in walker.screen
    picture = walker.engine.picture(key_of(walker)) if urwid.supports_unicode() else ()
    for line in picture:
        assert line in walker.screen
    assert "Write this down: it is shown once." in walker.screen
    assert "Reboot" not in walker.screen
    for way in ("enter", "esc", "f3"):
        walker.keys(way)
        assert "It will not be shown again." in " ".join(walker.screen.split())
        walker.keys("enter")
        assert walker.id == "recovery"
        assert first in walker.screen
    walker.keys("enter", "tab", "enter")
    assert walker.id == "done"
    assert first not in walker.screen
    assert "> < Reboot >" in walker.screen


def test_the_key_is_in_no_log_and_no_draft(walk: Walk) -> None:
    walker = installed(walk("empty-virtio", firmware={"tpm": "2"}, script=(*BEGIN, END)))
    text = key_of(walker).reveal()
    assert walker.app.conductor.installation is not None
    assert text not in "\n".join(walker.app.conductor.installation.log)
    assert text not in repr(walker.app.walk.draft)
    assert text not in repr(walker.engine.installed)


def test_without_keys_the_last_screen_comes_at_once(walk: Walk) -> None:
    walker = with_password(walk("empty-virtio", script=(*BEGIN, END))).go("review").keys("enter")
    walker.type("vda").keys("enter", "enter")
    assert walker.id == "done"


def test_the_code_and_the_text_fit_beside_each_other() -> None:
    keys, mok = OwnerKeys(), MachineOwnerKey(certificate="/mok.pem")
    encrypted = Storage(encryption=Encryption(passphrase=Secret("known"), recovery_key=True))
    boot = Boot(owner_keys=keys, machine_owner_key=mok)
    config = InstallConfig(disks=(), storage=encrypted, boot=boot)
    picture = ["#" * 37] * 19
    shown = shown_once(with_drawn_secrets(config))
    assert len(shown) == 3
    for each in shown:
        (note,) = recovery_form(each, picture).items
        lines = getattr(note, "text", "").splitlines()
        assert len(lines) == 19
        assert max(len(line) for line in lines) <= 78
        for part in key_lines(each.secret):
            assert any(part in line for line in lines)


def test_the_code_is_a_picture_of_the_key() -> None:
    if shutil.which("qrencode") is None:
        pytest.skip("there is no qrencode here")
    picture = ApiEngine().picture(new_recovery_key())
    assert len(picture) == 19
    assert {len(line) for line in picture} == {37}


def test_the_line_mode_shows_the_text_until_it_is_written_down(tmp_path: Path) -> None:
    engine = MemoryEngine(machine=machine("empty-virtio", tpm="2"), script=(*BEGIN, END))
    storage = ["5", "8", ""]
    accounts = ["1", "correct horse", "2", "correct horse", ""]
    lines = ["", "", *storage, *[""] * 4, *accounts, "", "vda", "no", "yes", "1"]
    sink = io.StringIO()
    source = io.StringIO("".join(f"{line}\n" for line in lines))
    options = Options(seed=SEED, console="ttyS0", paths=Paths(folder=tmp_path))
    outcome = run_plain(engine, options, Terminal(source=source, sink=sink))
    text = sink.getvalue()
    assert outcome is Outcome.REBOOT, text
    (plan,) = engine.installed
    assert text.count(key_lines(plan.shown_once[0].secret)[0]) == 2
    assert text.index("[recovery]") < text.index("[done]")
