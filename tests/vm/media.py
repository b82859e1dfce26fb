"""What goes into a virtual machine's drives: disks, copies of the medium, small volumes."""

from __future__ import annotations

import hashlib
import mmap
import os
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path

from installer.sizes import GIB, MIB

BUILD = Path("build").resolve()
CHECK_LABEL = "CHECK"


def built_edition() -> str:
    """Which edition of the medium is tested: ``make`` says so, by PHOTON_EDITION."""
    return os.environ.get("PHOTON_EDITION", "fast")


def built_medium() -> Path:
    """Where that edition's medium is once it has been built."""
    return BUILD / f"photon-{built_edition()}.iso"


def blank_disk(path: Path, size: int = 8 * GIB) -> Path:
    """A new disk of ``size`` bytes that takes no room until it is written to."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    with path.open("wb") as file:
        file.truncate(size)
    return path


def used_disk(path: Path, size: int) -> Path:
    """A disk with something on it that would be missed."""
    blank_disk(path, size)
    with path.open("r+b") as file:
        for offset in (0, size // 2, size - MIB):
            file.seek(offset)
            file.write(b"precious data\n" * 4096)
    return path


def digest(path: Path) -> str:
    """SHA-256 of a file: the written parts, and where they are.

    Holes count as what they read as, zeros, whether they are holes or were written as zeros.
    """
    sha = hashlib.sha256()
    with path.open("rb") as file:
        for start, end in _written(file.fileno(), path.stat().st_size):
            file.seek(start)
            for offset in range(start, end, MIB):
                block = file.read(min(MIB, end - offset))
                if block.strip(b"\0"):
                    sha.update(offset.to_bytes(8, "big"))
                    sha.update(block)
    return sha.hexdigest()


def medium_with(
    medium: Path, copy: Path, files: dict[str, Path], *, without: tuple[str, ...] = ()
) -> Path:
    """A copy of the medium with ``files`` (path on the medium: file) added or in place of its own.

    Everything that starts the machine is taken over as it is (``-boot_image any replay``), so the
    signed chain still holds.
    """
    copy.parent.mkdir(parents=True, exist_ok=True)
    copy.unlink(missing_ok=True)
    maps = [word for inside, file in files.items() for word in ("-map", str(file), inside)]
    maps += [word for inside in without for word in ("-rm", inside)]
    _run(
        ["xorriso", "-report_about", "WARNING", "-indev", str(medium), "-outdev", str(copy),
         "-boot_image", "any", "replay", "-overwrite", "on", *maps],
    )  # fmt: skip
    return copy


def from_medium(medium: Path, inside: str, file: Path) -> Path:
    """Take one file off the medium."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.unlink(missing_ok=True)
    _run(
        ["xorriso", "-report_about", "WARNING", "-osirrox", "on", "-indev", str(medium),
         "-extract", inside, str(file)],
    )  # fmt: skip
    file.chmod(0o644)
    return file


def with_changed_byte(original: Path, copy: Path, *, inside: bytes) -> Path:
    """A copy in which one byte in the middle of ``inside`` is another, wherever that stands."""
    return with_patches(original, copy, inside=inside, at=[len(inside) // 2])


def with_patches(original: Path, copy: Path, *, inside: bytes, at: Iterable[int]) -> Path:
    """A copy in which the bytes ``at`` places after the beginning of ``inside`` are others.

    :raises ValueError: the original does not contain it.
    """
    copy.unlink(missing_ok=True)
    _run(["cp", "--reflink=auto", "--sparse=auto", str(original), str(copy)])
    places = list(_places(original, inside[: 64 << 10]))
    if not places:
        raise ValueError(f"{original} does not contain what is to be changed")
    with copy.open("r+b") as file:
        for place in (start + each for start in places for each in at):
            file.seek(place)
            byte = file.read(1)[0]
            file.seek(place)
            file.write(bytes([byte ^ 1]))
    return copy


def labelled_volume(path: Path, label: str, folder: Path, size: int = 16 * MIB) -> Path:
    """An ext4 disk (no partition table) with the files of ``folder``."""
    blank_disk(path, size)
    _run(["mkfs.ext4", "-q", "-F", "-L", label, "-d", str(folder), str(path)])
    return path


def fat_volume(path: Path, label: str, files: dict[str, Path], size: int = 16 * MIB) -> Path:
    """A FAT disk such as a USB stick, made without mounting it."""
    blank_disk(path, size)
    _run(["mkfs.vfat", "-n", label, str(path)])
    for inside, file in files.items():
        _run(["mcopy", "-i", str(path), str(file), f"::/{inside}"])
    return path


def _written(descriptor: int, size: int) -> list[tuple[int, int]]:
    parts, end = [], 0
    while end < size:
        try:
            start = os.lseek(descriptor, end, os.SEEK_DATA)
        except OSError:  # ENXIO: only a hole is left
            break
        end = os.lseek(descriptor, start, os.SEEK_HOLE)
        parts.append((start - start % MIB, min(size, end + (-end % MIB))))
    return _merged(parts)


def _merged(parts: list[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for start, end in parts:
        if merged and start <= merged[-1][1]:
            merged[-1] = merged[-1][0], max(end, merged[-1][1])
        else:
            merged.append((start, end))
    return merged


def _places(path: Path, wanted: bytes) -> Iterator[int]:
    """Where ``wanted`` begins, each time."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ) as data:
        place = data.find(wanted)
        while place >= 0:
            yield place
            place = data.find(wanted, place + 1)


def _run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, check=False, timeout=600)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}:\n{done.stderr.decode('utf-8', 'replace')}")
