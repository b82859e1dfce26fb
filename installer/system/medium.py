"""The device behind a path, and whether it is gone: a disc ejected, a stick pulled out."""

from __future__ import annotations

import errno
import os
from pathlib import Path

from installer.system.mounts import MOUNTINFO, read_mounts

_GONE = {errno.ENOENT, errno.ENXIO, errno.ENODEV, errno.ENOMEDIUM}


def device_below(path: str, mounts: Path = MOUNTINFO) -> str:
    """The device node of the filesystem that the path is in; "" when it is on no device."""
    above = [each for each in read_mounts(mounts) if Path(path).is_relative_to(each.folder)]
    # The deepest; of several at one place the last one hides the others.
    found = max(reversed(above), key=lambda each: len(each.folder.parts), default=None)
    return found.node if found and found.node.startswith("/dev/") else ""


def lost_device(path: str, mounts: Path = MOUNTINFO) -> str:
    """What has become of the device that the path is on, for people; "" when it is still there."""
    device = device_below(path, mounts)
    if not device:
        return ""
    try:
        os.close(os.open(device, os.O_RDONLY))
    except OSError as error:
        if error.errno == errno.ENOMEDIUM:
            return f"no disc in {device} any more"
        return f"{device} is gone" if error.errno in _GONE else ""
    return ""
