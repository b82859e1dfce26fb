"""A disk with an older system's partition on it, and what is still right of that afterwards."""

from __future__ import annotations

import hashlib
import random
import subprocess
from pathlib import Path

from installer.sizes import MIB
from tests.vm.qemu import VmDisk

START = MIB


def lay_out(disk: VmDisk, folder: Path, *, size: int, second: int = 0, seed: int = 1) -> None:
    """An ext4 of ``size`` bytes with files and their SUMS, then a partition of ``second`` bytes."""
    files = folder / "old"
    files.mkdir(parents=True, exist_ok=True)
    chance = random.Random(seed)
    for number in range(40):
        (files / f"file-{number}").write_bytes(chance.randbytes(chance.randrange(4 * MIB)))
    sums = [
        f"{hashlib.sha256(each.read_bytes()).hexdigest()}  {each.name}\n"
        for each in sorted(files.glob("file-*"))
    ]
    (files / "SUMS").write_text("".join(sums), encoding="utf-8")
    script = f"label: gpt\nstart={START // 512}, size={size // 512}, name=old\n"
    if second:
        script += f"size={second // 512}, name=other\n"
    _run(["sfdisk", "--quiet", str(disk.path)], script)
    _run(
        ["mkfs.ext4", "-q", "-F", "-L", "old", "-d", str(files),
         "-E", f"offset={START}", str(disk.path), str(size // 1024)],
    )  # fmt: skip


def partition_digest(disk: VmDisk, start: int, size: int) -> str:
    """SHA-256 of every byte in a stretch of the disk."""
    sha = hashlib.sha256()
    with disk.path.open("rb") as file:
        file.seek(start)
        for _ in range(size // MIB):
            sha.update(file.read(MIB))
    return sha.hexdigest()


def _run(command: list[str], text: str = "") -> None:
    subprocess.run(command, input=text, text=True, check=True, capture_output=True, timeout=300)
