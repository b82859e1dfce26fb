"""Reading the kernel's small text files."""

from __future__ import annotations

from pathlib import Path


def read_text(path: Path) -> str:
    """The text of the file without its end of line; "" when it is absent or refuses to be read.

    The kernel answers EINVAL for some attributes, such as ``carrier`` of an interface that is down.
    """
    try:
        return path.read_text(errors="replace").strip()
    except OSError:
        return ""
