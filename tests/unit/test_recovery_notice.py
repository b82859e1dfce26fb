"""Recovery keys on a terminal: shown to people, and to nobody else."""

import os
import pty
import re
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from installer import recovery_notice
from installer.config.recovery import new_recovery_key
from installer.secret import Secret
from tests.engine import TESTS


def test_the_key_in_two_lines() -> None:
    key = new_recovery_key().reveal()
    text = recovery_notice.notice_text([Secret(key)])
    halves = re.findall(r"(?m)^    ([a-z-]+)$", text)
    assert "-".join(halves) == key
    assert max(map(len, text.splitlines())) <= 80


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
    recovery_notice.show_on_consoles([Secret("abcd-efgh")], patience=600)
    said = ""
    while "Press Enter" not in said:  # after the echo of the key
        said += os.read(near, 65536).decode()
    assert "abcd" in said
    os.close(near)
    os.close(far)


def test_installing_needs_a_terminal_to_show_the_key_on() -> None:
    script = """
        from installer import commands
        from installer.errors import CommandFailed
        from installer.secret import Secret
        from types import SimpleNamespace
        try:
            commands._require_eyes(SimpleNamespace(recovery_keys=(Secret("k"),)))
        except CommandFailed as error:
            print(error)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)],
        cwd=TESTS.parent, capture_output=True, text=True, check=True, start_new_session=True,
    )  # fmt: skip
    assert "no terminal" in done.stdout
