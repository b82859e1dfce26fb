"""Files from outside that must not make the installer wait: a pipe or a terminal may never end."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import BinaryIO


def open_regular(path: str | Path) -> BinaryIO:
    """Open a regular file for reading.

    :raises OSError: it cannot be opened, or is a pipe, a device or a directory.
    :raises ValueError: no file can have this name.
    """
    # Not blocking: opening a pipe waits for its writer, /proc/kmsg for the next message.
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "not a regular file", str(path))
    return os.fdopen(descriptor, "rb")
