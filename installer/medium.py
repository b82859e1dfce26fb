"""The device behind a path, and whether it is gone: a disc ejected, a stick pulled out."""

from __future__ import annotations

import errno
import os
import re
from pathlib import Path

MOUNTS = Path("/proc/self/mountinfo")
_GONE = {errno.ENOENT, errno.ENXIO, errno.ENODEV, errno.ENOMEDIUM}


def device_below(path: str, mounts: Path = MOUNTS) -> str:
    """The device node of the filesystem that the path is in; "" when it is on no device.

    https://docs.kernel.org/filesystems/proc.html (3.5, mountinfo)
    """
    found, longest = "", -1
    for line in mounts.read_text(encoding="utf-8", errors="surrogateescape").splitlines():
        mount, _, filesystem = line.partition(" - ")
        place, source = _unescaped(mount.split()[4]), _unescaped(filesystem.split()[1])
        inside = path == place or path.startswith(place.rstrip("/") + "/")
        if inside and len(place) >= longest:  # the last of several at one place hides the others
            found, longest = source, len(place)
    return found if found.startswith("/dev/") else ""


def lost_device(path: str, mounts: Path = MOUNTS) -> str:
    """What has become of the device that the path is on, for people; "" when it is still there."""
    device = device_below(path, mounts)
    if not device:
        return ""
    try:
        os.close(os.open(device, os.O_RDONLY))
    except OSError as error:
        if error.errno == errno.ENOMEDIUM:
            return f"there is no disc in {device} any more"
        return f"{device} is gone" if error.errno in _GONE else ""
    return ""


def _unescaped(text: str) -> str:
    return re.sub(r"\\([0-7]{3})", lambda found: chr(int(found[1], 8)), text)
