"""The files on an ESP, and copies of them from a device."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from pathlib import Path

from installer.boot.layout import DEBIAN, HostLayout
from installer.boot.places import text_inside
from installer.errors import CommandFailed
from installer.secureboot.pe import MOST_BYTES
from installer.system.runner import Runner

_SECONDS = 120.0
_MOST_COPIED = 2 * MOST_BYTES


@dataclass(frozen=True, slots=True, kw_only=True)
class Esp:
    """An ESP: a name for people, its partition's GUID, and where its files are by their paths.

    ``layout`` says which of them start the host.

    The paths are in lower case, since FAT makes no difference. ``label`` is that of the boot entry
    which leads here ("": any). It is not ``present`` when no disk here has its partition.
    """

    name: str
    files: dict[str, Path]
    partition: str = ""
    label: str = ""
    present: bool = True
    layout: HostLayout = DEBIAN

    @property
    def starts_images(self) -> bool:
        """Whether this ESP has systemd-boot, and no shim."""
        found = (self.layout.systemd_path, self.layout.shim_path)
        return [each.lower() in self.files for each in found] == [True, False]

    @property
    def images(self) -> tuple[str, ...]:
        """The paths of what is among the unified kernel images."""
        top = f"{self.layout.images}/".lower()
        return tuple(sorted(each for each in self.files if each.startswith(top)))

    def read(self, path: str) -> bytes | None:
        """The contents of a file; None when there is none that can be read."""
        place = self.files.get(path.lower())
        return None if place is None else read_program(place)

    def text(self, path: str) -> str | None:
        """What a text says, as far as anybody would write it; None when it cannot be read."""
        place = self.files.get(path.lower())
        try:
            return None if place is None else text_inside(place.parent, place.name)
        except OSError:
            return None


def read_program(place: Path) -> bytes | None:
    """The contents of a file; None when it cannot be read, or is far too large for a program."""
    try:
        return place.read_bytes() if is_readable(place) else None
    except OSError:
        return None


def is_readable(place: Path) -> bool:
    """Whether it is a file, and none that is far too large for a program.

    :raises OSError: it cannot be examined.
    """
    return place.is_file() and place.stat().st_size <= MOST_BYTES


def esp_files(directory: Path, layout: HostLayout = DEBIAN) -> dict[str, Path]:
    """The files of an ESP that is mounted at, or copied to, a directory."""
    files = {}
    for name in layout.directories:
        places = [directory]
        for part in name.lower().split("/"):
            places = [found for each in places for found in _named(each, part)]
        for place in places:
            for path in _entries(place):
                if path.is_file() and not path.is_symlink():
                    files[f"{name}/{path.name}".lower()] = path
    return files


def copied_files(
    runner: Runner, source: str, directory: Path, layout: HostLayout = DEBIAN
) -> dict[str, Path]:
    """The files of the ESP on a device node, or in an image (``FILE@@OFFSET``), copied to a place.

    It is done with mtools, which needs no vfat in the kernel. On a damaged FAT a directory may be
    in itself and a file larger than the disk: only the files right in each directory are copied,
    and no more than there can be.
    """
    for place in layout.directories:
        target = directory / place
        target.mkdir(parents=True, exist_ok=True)
        argv = ["prlimit", f"--fsize={MOST_BYTES}", "mcopy", "-i", source, "-n"]
        with contextlib.suppress(CommandFailed):  # what is missing then is found missing later
            runner.run(
                [*argv, f"::/{place}/*", str(target)],
                timeout=_SECONDS,
                watch=lambda _: _require_room(directory),
            )
    return esp_files(directory, layout)


def _require_room(directory: Path) -> None:
    """End the copying of what is more than an ESP with programs has: it is in memory.

    :raises CommandFailed: it is.
    """
    sizes = (each.stat().st_blocks for each in directory.rglob("*") if each.is_file())
    if 512 * sum(sizes) > _MOST_COPIED:
        raise CommandFailed(f"{directory}: there is more on the ESP than it can hold")


def _named(directory: Path, name: str) -> list[Path]:
    return [each for each in _entries(directory) if each.name.lower() == name and each.is_dir()]


def _entries(directory: Path) -> list[Path]:
    try:
        return sorted(directory.iterdir())
    except OSError:
        return []
