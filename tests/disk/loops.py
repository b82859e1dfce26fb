"""What tests on loop devices share: attaching one, and a context that leaves nothing behind."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from installer.actions.context import Context
from installer.system.run import ProcessRunner

MIB = 1 << 20


def out(*command: str | Path) -> str:
    """What a command prints."""
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def mounts(folder: Path) -> list[str]:
    """Where something is mounted below a folder."""
    lines = Path("/proc/mounts").read_text().splitlines()
    return [line.split()[1] for line in lines if str(folder) in line.split()[1]]


@contextmanager
def real_context(folder: Path) -> Iterator[Context]:
    """A context whose undo stack is taken back at the end, and must then leave nothing."""
    runner = ProcessRunner(lambda _: None)
    made = Context(runner=runner, emit=lambda _: None, target=folder / "root", work=folder / "work")
    yield made
    made.unwind()
    assert mounts(folder) == []
    assert str(folder) not in out("losetup", "--list", "--noheadings", "--output", "BACK-FILE")


def attach(context: Context, file: Path, size: int, *, sector: int = 512) -> str:
    """A loop device on a new sparse file."""
    file.touch()
    os.truncate(file, size)
    node = out("losetup", "--find", "--show", f"--sector-size={sector}", file)
    context.on_undo("detach", lambda: out("losetup", "--detach", node))
    return node
