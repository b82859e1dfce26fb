"""What is mounted where, and a mount for the moment."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from installer.system.runner import Runner

MOUNTINFO = Path("/proc/self/mountinfo")
MOUNT_SECONDS = 30.0
_ESCAPED = re.compile(r"\\([0-7]{3})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mount:
    """Where a filesystem is mounted: ``top`` is what of it is seen at ``folder``.

    ``kind`` is its type, ``number`` that of its device, as ``MAJOR:MINOR``.
    """

    node: str
    top: str
    folder: Path
    kind: str = ""
    number: str = ""


def parse_mounts(mountinfo: str) -> tuple[Mount, ...]:
    """The mounts in ``/proc/self/mountinfo``; of several at one place, the last one is seen.

    https://docs.kernel.org/filesystems/proc.html (3.5, mountinfo)
    """
    # The kernel escapes blanks and ends of lines in a path, but no others that Python knows.
    return tuple(_mount(line) for line in mountinfo.split("\n") if line)


def read_mounts(path: Path = MOUNTINFO) -> tuple[Mount, ...]:
    """The mounts that this process sees."""
    return parse_mounts(path.read_text("utf-8", "surrogateescape"))


@contextmanager
def mounted_for_now(
    mount: Callable[[str], None], runner: Runner, *, prefix: str, above: str | None = None
) -> Iterator[Path]:
    """A new directory, which ``mount`` mounts something at, for as long as the block runs.

    :raises CommandFailed: it cannot be unmounted; what was written may not be on the disk.
    """
    place = tempfile.mkdtemp(prefix=prefix, dir=above)
    try:
        mount(place)
        try:
            yield Path(place)
        finally:
            # It writes what is still in memory, and fails when that cannot be written.
            runner.run(["umount", place], timeout=MOUNT_SECONDS)
    finally:
        # Alone and not with its content, which would be the volume's if it were still mounted.
        with suppress(OSError):
            Path(place).rmdir()


def _mount(line: str) -> Mount:
    fields, _, rest = line.partition(" - ")
    number, top, place = fields.split(" ")[2:5]
    kind, node = rest.split(" ")[:2]
    return Mount(
        node=_unescaped(node),
        top=_unescaped(top),
        folder=Path(_unescaped(place)),
        kind=kind,
        number=number,
    )


def _unescaped(text: str) -> str:
    """The kernel writes a blank as ``\\040``."""
    return _ESCAPED.sub(lambda match: chr(int(match.group(1), 8)), text)
