"""Drawn secrets on a terminal: shown to people, and to nobody else."""

import os
import pty
import re
import subprocess
import sys
import textwrap
from dataclasses import replace
from pathlib import Path

import pytest

from installer.command import recovery_notice
from installer.config.boot import Boot, MachineOwnerKey, OwnerKeys, SigningKey
from installer.config.kickstart import InstallConfig
from installer.config.recovery import ShownOnce, shown_once, with_drawn_secrets
from installer.secret import Secret
from tests.engine import TESTS


def drawn() -> tuple[ShownOnce, ...]:
    """What is drawn for a host with the owner's keys, for which nobody said a passphrase."""
    mok = MachineOwnerKey(certificate="/mok.pem")
    boot = Boot(owner_keys=OwnerKeys(), machine_owner_key=mok)
    return shown_once(with_drawn_secrets(InstallConfig(disks=(), boot=boot)))


def test_each_secret_under_its_title() -> None:
    passphrase, mok = drawn()
    text = recovery_notice.notice_text((passphrase, mok))
    assert "Passphrase of the keys: it is shown once" in text
    assert "MOK password: it is shown once" in text
    *halves, password = re.findall(r"(?m)^    ([a-z-]+)$", text)
    assert "-".join(halves) == passphrase.secret.reveal()
    assert password == mok.secret.reveal()
    assert len(password) == 12
    assert max(map(len, text.splitlines())) <= 80


def test_only_what_nobody_said_is_drawn() -> None:
    said = Secret("correct horse")
    keys = OwnerKeys(passphrase=said)
    mok = MachineOwnerKey(certificate="/mok.pem", password=said)
    boot = Boot(owner_keys=keys, machine_owner_key=mok)
    config = InstallConfig(disks=(), boot=boot)
    assert shown_once(with_drawn_secrets(config)) == ()
    db = SigningKey(certificate="/db.pem", key="/db.key")
    nothing_made = replace(boot, owner_keys=OwnerKeys(db=db, enroll=False))
    assert shown_once(with_drawn_secrets(replace(config, boot=nothing_made))) == ()
    made = replace(boot, owner_keys=OwnerKeys(db=db))
    assert len(shown_once(with_drawn_secrets(replace(config, boot=made)))) == 1


def test_nothing_to_show() -> None:
    assert recovery_notice.notice_text([]) == ""


def test_on_every_console_until_enter(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    near, far = pty.openpty()
    name = os.ttyname(far).removeprefix("/dev/")
    active = tmp_path / "active"
    active.write_text(f"{name} no-such-console\n", encoding="ascii")
    monkeypatch.setattr(recovery_notice, "_ACTIVE", active)
    os.write(near, b"\n")
    # It is the key that ends the wait, not the time.
    shown = ShownOnce(title="Recovery key", purpose=(), secret=Secret("abcd-efgh"))
    recovery_notice.show_on_consoles([shown], patience=600)
    said = ""
    while "Press Enter" not in said:  # after the echo of the key
        said += os.read(near, 65536).decode()
    assert "abcd" in said
    os.close(near)
    os.close(far)


def test_installing_needs_a_terminal_to_show_the_key_on() -> None:
    script = """
        from installer.command import consent
        from installer.errors import CommandFailed
        from types import SimpleNamespace
        try:
            consent.require_eyes(SimpleNamespace(shown_once=(SimpleNamespace(title="K"),)))
        except CommandFailed as error:
            print(error)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)],
        cwd=TESTS.parent, capture_output=True, text=True, check=True, start_new_session=True,
    )  # fmt: skip
    assert "no terminal" in done.stdout
