"""The live system's boot script, as far as it runs without a machine."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

SCRIPT = Path("iso_hooks/live/initramfs/photon").resolve()
# What of a machine the script uses: what it says goes to a file, and it cannot halt this one.
STUBS = """
say() { echo "$*" >>"$SAID"; }
sleep() { :; }
halt() { exit 7; }
sed() { echo "$MEMORY"; }
"""


def enough_memory(tmp_path: Path, *, memory: int, needed: int) -> tuple[int, str]:
    said = tmp_path / "said"
    said.touch()
    text = f". {SCRIPT}\n{STUBS}\nenough_memory {needed} 256"
    done = subprocess.run(
        ["sh", "-eu", "-c", text],
        env={"SAID": str(said), "MEMORY": str(memory * 1024 + 1), "PATH": "/usr/bin:/bin"},
        check=False,
    )
    return done.returncode, said.read_text("utf-8")


@pytest.mark.parametrize("memory", [200, 4096])
def test_enough_memory_is_not_worth_a_word(tmp_path: Path, memory: int) -> None:
    assert enough_memory(tmp_path, memory=memory, needed=200) == (0, "")


def test_too_little_memory_ends_with_the_last_line(tmp_path: Path) -> None:
    code, said = enough_memory(tmp_path, memory=140, needed=200)
    assert code == 7
    assert "140 MiB of memory" in said
    assert "Give it 256 MiB in all." in said
    assert said.endswith("photon-installer: failed: exit 3\n")
