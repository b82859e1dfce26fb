"""The one door to paths below the new host's root: no link in the tree leads out of it.

The kernel has openat2(2) with RESOLVE_IN_ROOT for that, which Python has not. Nothing of the new
host runs while its files are written, so that what was looked at stays what it was.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from installer.errors import CommandFailed, PayloadBad
from installer.system.rooted_path import resolved


@dataclass(frozen=True, slots=True)
class NewRoot:
    """The tree at ``top``, where the root of the new host is mounted."""

    top: Path

    def place(self, path: str) -> Path:
        """Where an absolute path of the new host is, seen from here.

        Links on the way are followed as the new host would follow them, so that an absolute link
        in the tree never leads to a file of the system that installs. One in the last place is
        not: who opens it must not follow it either. What only reads takes :meth:`followed`.
        """
        return self._resolved(path, last=False)

    def followed(self, path: str) -> Path:
        """The same, with a link in the last place followed, too."""
        return self._resolved(path, last=True)

    def straight(self, path: str) -> Path:
        """The place of a path without any link: for programs that would follow one out of the tree.

        :raises PayloadBad: there is a link on the way, or in the last place.
        """
        place = self.top
        for part in Path(path).parts[1:]:
            place /= part
            if place.is_symlink():
                raise PayloadBad(
                    f"{place.relative_to(self.top)} is a link in the payload, where it must be "
                    "a directory of its own",
                    "Rebuild the payload.",
                )
        return place

    def directory(self, path: str, *, mode: int = 0o755, owner: int = 0) -> Path:
        """A directory, made with those above it if it is missing; one that is there stays as it is.

        New ones belong to ``owner``; those above have the mode 0755, dot directories 0700.
        """
        place = self.followed(path)
        if not place.is_dir():
            _make(place.parent, owner)
            _make_one(place, owner, mode)
        return place

    def write(self, path: str, data: bytes, *, mode: int = 0o644, owner: int = 0) -> Path:
        """Write a new file in place of whatever file is there, with the directories above it.

        Nothing is written through a link, a hard link, a pipe or a device, and the file never has
        another mode.
        """
        place = self.place(path)
        _make(place.parent, owner)
        place.unlink(missing_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        with os.fdopen(os.open(place, flags, mode), "wb") as file:
            os.fchmod(file.fileno(), mode)
            os.fchown(file.fileno(), owner, owner)
            file.write(data)
        return place

    def link(self, path: str, to: str) -> None:
        """Make a symbolic link, in place of whatever file is there."""
        place = self.place(path)
        _make(place.parent, 0)
        place.unlink(missing_ok=True)
        place.symlink_to(to)

    def _resolved(self, path: str, *, last: bool) -> Path:
        place = resolved(self.top, path, last=last)
        if place is None:
            raise CommandFailed(f"{path}: too many symbolic links inside the new host")
        return place


def _make(directory: Path, owner: int) -> None:
    """Make the missing directories up to this one; a dot directory only for its owner."""
    if directory.is_dir():
        return
    _make(directory.parent, owner)
    _make_one(directory, owner, 0o700 if directory.name.startswith(".") else 0o755)


def _make_one(directory: Path, owner: int, mode: int) -> None:
    directory.mkdir(mode=mode)
    os.chown(directory, owner, owner)
    directory.chmod(mode)
