"""Files and directories that their owner alone can read, from the first byte on."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import BinaryIO, TextIO

_MODE = 0o600


def private_directory(path: Path) -> None:
    """Make a directory, with those above it; one of ours that others could enter is closed."""
    for each in reversed((path, *path.parents)):
        if not each.is_dir():
            each.mkdir(mode=0o700, exist_ok=True)
    if path.stat().st_uid == os.geteuid():
        path.chmod(0o700)


def new_private_file(path: Path) -> BinaryIO:
    """A file that was not there, opened for writing.

    :raises FileExistsError: something is there, be it a link that leads nowhere.
    """
    return os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _MODE), "wb")


def private_text(path: Path, *, errors: str = "strict", links: bool = False) -> TextIO:
    """A text file, opened for writing over what is there; a device or a pipe is taken as it is.

    A link in its place is an error, unless ``links`` allows it.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOCTTY
    flags |= 0 if links else os.O_NOFOLLOW
    descriptor = os.open(path, flags, _MODE)
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.fchmod(descriptor, _MODE)
    return os.fdopen(descriptor, "w", encoding="utf-8", errors=errors)
