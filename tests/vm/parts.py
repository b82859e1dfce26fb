"""Files inside a raw disk image, taken out without attaching it."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

_ESP = "c12a7328-f81f-11d2-ba4b-00a0c93ec93b"
_ROOT = "4f68bce3-e8cd-4db1-96e7-fbcaf984b709"


def from_esp(image: Path, inside: str) -> bytes:
    """A file of the ESP."""
    node = f"{image}@@{_offset(image, _ESP)}"
    return _output(["mcopy", "-i", node, f"::/{inside}", "-"])


def images_of(image: Path) -> list[str]:
    """The names of the unified kernel images on the ESP."""
    node = f"{image}@@{_offset(image, _ESP)}"
    listed = _output(["mdir", "-i", node, "-b", "::/EFI/Linux"]).decode().split()
    return [each.rpartition("/")[2] for each in listed]


def from_ext4_root(image: Path, inside: str) -> bytes:
    """A file of the root, which is ext4."""
    return _output(["debugfs", "-R", f"cat {inside}", f"{image}?offset={_offset(image, _ROOT)}"])


def kernel_of(image: Path) -> str:
    """The path of the kernel on an ext4 root."""
    node = f"{image}?offset={_offset(image, _ROOT)}"
    listing = _output(["debugfs", "-R", "ls -p /boot", node]).decode()
    names = [line.split("/")[5] for line in listing.splitlines() if line]
    (name,) = (each for each in names if each.startswith("vmlinuz-"))
    return f"/boot/{name}"


def esp_place(image: Path) -> tuple[int, int]:
    """Where the ESP begins, and its size, in bytes."""
    return _place(image, _ESP)


def _offset(image: Path, kind: str) -> int:
    return _place(image, kind)[0]


def _place(image: Path, kind: str) -> tuple[int, int]:
    table = json.loads(_output(["sfdisk", "--json", str(image)]))["partitiontable"]
    (found,) = (each for each in table["partitions"] if each["type"].lower() == kind)
    sector = int(table["sectorsize"])
    return int(found["start"]) * sector, int(found["size"]) * sector


def _output(command: list[str]) -> bytes:
    return subprocess.run(command, capture_output=True, check=True, timeout=60).stdout
