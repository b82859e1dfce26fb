"""What is in a tree, for the index: a kickstart can then be judged before anything is written."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from installer.sizes import MIB
from iso_hooks.names import keyboard_names, zone_names

_VENDOR_UNITS = "usr/lib/systemd/system"
_LOCAL_UNITS = "etc/systemd/system"
_PROGRAMS = ("usr/local/sbin", "usr/local/bin", "usr/sbin", "usr/bin", "sbin", "bin")
_MASK = "/dev/null"
# A directory with less is not worth a line; the plan leaves more room than that everywhere.
_LEAST_LISTED = MIB
_BLOCK = 4096
_DEFAULT_INSTANCE = re.compile(r"^DefaultInstance=(\S+)$", re.MULTILINE)


@dataclass(slots=True)
class Measured:
    """Bytes in blocks of 4 KiB, as a filesystem stores them, below each path, and all inodes."""

    sizes: dict[str, int] = field(default_factory=dict)
    inodes: set[int] = field(default_factory=set)


def contents_data(tree: Path) -> dict[str, Any]:
    """What the index says of a tree's files."""
    measured = Measured()
    size = _measure(tree, "", measured)
    large = {path: each for path, each in measured.sizes.items() if each >= _LEAST_LISTED}
    return {
        "installed_size": size,
        "files": len(measured.inodes),
        "directories": dict(sorted(large.items())),
        "links": directory_links(tree),
        "units": unit_names(tree),
        "masked": masked_units(tree),
        "bare_templates": bare_templates(tree),
        "groups": account_names(tree, "group"),
        "users": account_names(tree, "passwd"),
        "program_directories": [f"/{each}" for each in _program_directories(tree)],
        "programs": program_paths(tree),
        "keyboards": keyboard_names(tree),
        "zones": zone_names(tree),
    }


def unit_names(tree: Path) -> list[str]:
    """The systemd units that can be enabled, a template with the name of an instance."""
    return sorted({path.name for path in _unit_files(tree)} - set(masked_units(tree)))


def bare_templates(tree: Path) -> list[str]:
    """The templates without a default instance: systemctl enables none without a name for it."""
    return sorted(
        path.name
        for path in _unit_files(tree)
        if "@." in path.name and not _DEFAULT_INSTANCE.search(_text(tree, path))
    )


def masked_units(tree: Path) -> list[str]:
    """The units that are linked to /dev/null, which systemctl then refuses to enable."""
    directories = (tree / _VENDOR_UNITS, tree / _LOCAL_UNITS)
    return sorted(
        {
            path.name
            for directory in directories
            for path in directory.iterdir()
            if path.is_symlink() and str(path.readlink()) == _MASK
        }
    )


def account_names(tree: Path, database: str) -> list[str]:
    """The names in the tree's ``/etc/group`` or ``/etc/passwd``."""
    lines = (tree / "etc" / database).read_text(encoding="utf-8").splitlines()
    return sorted(line.partition(":")[0] for line in lines)


def program_paths(tree: Path) -> list[str]:
    """Everything in the directories where programs are."""
    found = _program_directories(tree)
    return sorted(f"/{each}/{path.name}" for each in found for path in (tree / each).iterdir())


def directory_links(tree: Path) -> dict[str, str]:
    """The places outside /usr/share that are links to directories: nothing can be mounted there."""
    found = {}
    for above, directories, files in os.walk(tree):
        place = PurePosixPath(os.path.normpath(f"/{os.path.relpath(above, tree)}"))
        if place == PurePosixPath("/usr/share"):
            directories.clear()
        for path in (Path(above, name) for name in (*directories, *files)):
            if not path.is_symlink():
                continue
            target = PurePosixPath(_target(place, str(path.readlink())))
            # What is in /run is made when the host starts.
            if target.is_relative_to("/run") or (tree / target.relative_to("/")).is_dir():
                found[str(place / path.name)] = str(target)
    return dict(sorted(found.items()))


def _target(place: PurePosixPath, link: str) -> str:
    return os.path.normpath(place / link)


def _program_directories(tree: Path) -> list[str]:
    return [each for each in _PROGRAMS if (tree / each).is_dir() and not (tree / each).is_symlink()]


def _unit_files(tree: Path) -> Iterator[Path]:
    """Unit files of packages, and those of /etc that are not links to one under another name."""
    for directory in (tree / _VENDOR_UNITS, tree / _LOCAL_UNITS):
        for path in directory.iterdir():
            alias = directory == tree / _LOCAL_UNITS and path.is_symlink()
            if path.suffix and not alias and _inside(tree, path).is_file():
                yield path


def _text(tree: Path, path: Path) -> str:
    return _inside(tree, path).read_text(encoding="utf-8", errors="replace")


def _inside(tree: Path, path: Path) -> Path:
    """The file that a link of the tree stands for, which is in the tree as well."""
    if not path.is_symlink():
        return path
    place = PurePosixPath("/", path.parent.relative_to(tree))
    return tree / _target(place, str(path.readlink())).lstrip("/")


def _measure(directory: Path, place: str, measured: Measured) -> int:
    """The bytes below a directory; what has several names counts where it is met first."""
    status = directory.lstat()
    measured.inodes.add(status.st_ino)
    size = _blocks(status.st_size)
    for path in sorted(directory.iterdir()):
        status = path.lstat()
        if stat.S_ISDIR(status.st_mode):
            below = f"{place}/{path.name}"
            measured.sizes[below] = _measure(path, below, measured)
            size += measured.sizes[below]
        elif status.st_ino not in measured.inodes:
            measured.inodes.add(status.st_ino)
            size += _blocks(status.st_size)
    return size


def _blocks(size: int) -> int:
    return -(-size // _BLOCK) * _BLOCK
