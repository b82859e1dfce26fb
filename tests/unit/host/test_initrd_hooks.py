"""What the host's initrd says while it waits for the root, and when it gives up."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

MODULE = Path("iso_hooks/host/files/usr/lib/dracut/modules.d/90photon-storage").resolve()
# What dracut has in its library, and systemd of the units that have failed.
LIBRARY = """
getargbool() { [ "$SHELL_WANTED" = yes ]; }
getarg() { echo UUID=1234; }
systemctl() { echo "$FAILED"; }
sleep() { echo "sleep $1" >>"$SAID"; }
"""


def run(tmp_path: Path, hook: str, around: str, **variables: str) -> list[str]:
    said = tmp_path / "said"
    said.touch()
    text = (MODULE / hook).read_text("utf-8").replace(">/dev/kmsg", '>>"$SAID"')
    (tmp_path / hook).write_text(text, encoding="utf-8")
    subprocess.run(
        ["sh", "-eu", "-c", LIBRARY + around.replace("HOOK", f". {tmp_path / hook}")],
        env={"SAID": str(said), "SHELL_WANTED": "no", "FAILED": "", **variables},
        check=True,
    )
    return said.read_text("utf-8").splitlines()


def test_the_wait_is_told_of_every_ten_seconds(tmp_path: Path) -> None:
    loop = "RDRETRY=120 main_loop=0; while [ $main_loop -le 120 ]; do HOOK; HOOK; "
    said = run(tmp_path, "photon-waiting.sh", f"{loop} main_loop=$((main_loop + 1)); done")
    assert [line.rpartition(": ")[2] for line in said] == [
        f"{seconds} of 60 s" for seconds in (10, 20, 30, 40, 50, 60)
    ]
    # A level that is shown, whatever kernel messages are not.
    assert all(line.startswith("<3>photon: ") for line in said)


def test_nothing_is_said_outside_of_the_loop(tmp_path: Path) -> None:
    assert run(tmp_path, "photon-waiting.sh", "HOOK") == []


@pytest.mark.parametrize(
    ("failed", "reason"),
    [
        ("systemd-cryptsetup@luks\\x2droot.service loaded failed", "was not unlocked"),
        ("", "UUID=1234 was not found"),
    ],
)
def test_the_end_of_the_wait(tmp_path: Path, failed: str, reason: str) -> None:
    said = run(tmp_path, "photon-failed.sh", "HOOK", FAILED=failed)
    assert reason in said[0]
    assert "restarts in 30 s" in said[-2]
    assert said[-1] == "sleep 30"


def test_a_shell_that_was_asked_for_comes_at_once(tmp_path: Path) -> None:
    assert run(tmp_path, "photon-failed.sh", "HOOK", SHELL_WANTED="yes") == []
