"""An unattended installation has a last line, whatever becomes of the installer."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from installer.command.unattended import VERDICT

FILES = Path(__file__).resolve().parents[3] / "iso_hooks/live/files"
FOLDER = "usr/lib/photon-installer"
LAST_WORD = FILES / FOLDER / "last-word"
UNIT = FILES / "etc/systemd/system/photon-unattended.service"
# The live system's files lie over this machine's, as on the medium, and /run is new.
LIVE = """\
set -e
mount -t overlay overlay -o "lowerdir=$0/usr:$1/usr:/usr" /usr
mount -t tmpfs tmpfs /run
mkdir /run/photon-installer
"""


def last_word(**environment: str) -> str:
    command = [str(LAST_WORD)]
    return subprocess.run(
        command, env=environment, capture_output=True, text=True, check=True
    ).stdout


def in_live_system(folder: Path, script: str) -> str:
    """What a script says there; the files in ``folder`` lie over all others."""
    (folder / "usr").mkdir(exist_ok=True)
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-c", LIVE + script, str(folder), str(FILES)],
        env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def able() -> bool:
    """Whether this machine lets one mount an overlay."""
    if os.geteuid() != 0:
        return False
    mount = "mount -t overlay overlay -o lowerdir=/etc:/usr /usr"
    command = ["unshare", "--mount", "sh", "-c", mount]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


needs_mounts = pytest.mark.skipif(not able(), reason="needs root, namespaces and overlayfs")


@pytest.mark.parametrize(
    ("status", "code"),
    [("1", 1), ("4", 4), ("10", 10), ("11", 1), ("137", 1), ("203", 1), ("KILL", 1), ("", 1)],
)
def test_an_end_without_a_verdict_gets_one(status: str, code: int) -> None:
    assert last_word(EXIT_STATUS=status).startswith(f"photon-installer: failed: exit {code}\n")


def test_an_end_before_the_beginning_gets_one_as_well() -> None:
    assert last_word().startswith("photon-installer: failed: exit 1\n")


def test_an_end_that_is_as_wanted_gets_none() -> None:
    assert last_word(EXIT_STATUS="0") == ""


@needs_mounts
def test_one_that_was_given_stands(tmp_path: Path) -> None:
    script = f"touch {VERDICT}; EXIT_STATUS=4 /{FOLDER}/last-word"
    assert in_live_system(tmp_path, script) == ""


@needs_mounts
def test_an_installer_that_cannot_be_loaded(tmp_path: Path) -> None:
    broken = tmp_path / FOLDER / "installer/__init__.py"
    broken.parent.mkdir(parents=True)
    broken.write_bytes(b"\0\0\0")
    script = (
        f"/usr/bin/photon-installer unattended || EXIT_STATUS=$? /{FOLDER}/last-word; "
        f"test ! -e {VERDICT}"
    )
    said = in_live_system(tmp_path, script)
    assert said.startswith("photon-installer: failed: exit 1\n")


def test_systemd_runs_it_behind_the_installation_on_every_console() -> None:
    (line,) = re.findall("^ExecStopPost=(.*)$", UNIT.read_text(), re.MULTILINE)
    assert line == f"/{FOLDER}/on-all-consoles /{FOLDER}/last-word"
    for name in line.split():
        assert os.access(FILES / name.lstrip("/"), os.X_OK)


@pytest.mark.skipif(not shutil.which("shellcheck"), reason="needs shellcheck")
def test_shellcheck_finds_nothing() -> None:
    subprocess.run(["shellcheck", str(LAST_WORD)], check=True)
