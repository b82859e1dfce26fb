"""Files by the UUID of their filesystem and their path in it, which is how a boot loader has them.

What is mounted is read where it is mounted; what is not is mounted read-only.
"""

from __future__ import annotations

import contextlib
import errno
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from installer.boot.volumes import Volume, same_id
from installer.errors import CommandFailed
from installer.filesystems import filesystem_type
from installer.system.mounts import Mount
from installer.system.rooted_path import resolved
from installer.system.runner import Runner

# What mount says of a filesystem that it knows and that is not sound.
_DAMAGE = ("Structure needs cleaning", "can't read superblock")
_MOST_TEXT = 1 << 20


class UnseenError(Exception):
    """What was asked for may be there, but cannot be examined; the text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """The volumes that a host consists of, and how to look into them.

    ``mounts`` are those of the host itself, ``work`` is a private directory for others; whoever
    made ``undo`` unmounts what is mounted there, by ``undo_runner``.
    """

    runner: Runner
    undo_runner: Runner
    work: Path
    undo: contextlib.ExitStack
    volumes: tuple[Volume, ...]
    mounts: tuple[Mount, ...] = ()
    opened: dict[str, Mount] = field(default_factory=dict)

    def volume(self, uuid: str) -> Volume | None:
        """The volume with this UUID."""
        return next((each for each in self.volumes if same_id(each.uuid, uuid)), None)

    def partition(self, guid: str) -> Volume | None:
        """The partition with this GUID."""
        return next((each for each in self.volumes if same_id(each.partition, guid)), None)

    @property
    def hidden(self) -> str:
        """Why something may exist although no volume has it ("" when it would be seen)."""
        parts = [f"{each.node} is {each.opaque}" for each in self.volumes if each.opaque]
        return " and ".join(parts)

    def find(self, uuid: str, path: str) -> Path | None:
        """The file or directory at a path inside a filesystem; None when there is none.

        :raises UnseenError: nobody can look into that filesystem here.
        :raises OSError: the filesystem is damaged.
        """
        volume = self.volume(uuid)
        if volume is None:
            raise UnseenError(self.hidden or f"no filesystem {uuid}")
        for mount in sorted(self._mounts_of(volume), key=lambda each: len(each.top), reverse=True):
            rest = _below(path, mount.top)
            if rest is not None:
                return self._inside(mount, rest)
        return self._inside(self._open(volume), path)

    def _mounts_of(self, volume: Volume) -> list[Mount]:
        nodes = {_real(each.node) for each in self.volumes if same_id(each.uuid, volume.uuid)}
        return [each for each in self.mounts if _real(each.node) in nodes]

    def _open(self, volume: Volume) -> Mount:
        """Mount a filesystem as a whole, for reading alone."""
        if volume.node in self.opened:
            return self.opened[volume.node]
        kind = filesystem_type(volume.kind)
        # What a host may consist of. Nothing is written to it, not even by a journal's replay.
        if volume.opaque or not kind.holds_root:
            raise UnseenError(f"{volume.node} is {volume.opaque or volume.kind or 'empty'}")
        place = self.work / f"volume-{len(self.opened)}"
        place.mkdir(parents=True, exist_ok=True)
        options = ",".join(each for each in (kind.read_only, kind.top_option) if each)
        argv = ["mount", "-t", volume.kind, "-o", options, volume.node, str(place)]
        try:
            self.runner.run(argv)
        except CommandFailed as error:
            if any(each in error.hint for each in _DAMAGE):
                raise OSError(
                    errno.EUCLEAN, f"the filesystem on {volume.node} is damaged"
                ) from error
            raise UnseenError(f"{volume.node} cannot be mounted for reading") from error
        self.undo.callback(place.rmdir)
        self.undo.callback(self.undo_runner.run, ["umount", str(place)])
        self.opened[volume.node] = Mount(node=volume.node, top="/", folder=place)
        return self.opened[volume.node]

    def _inside(self, mount: Mount, path: str) -> Path | None:
        def look(place: Path) -> None:
            if any(other.folder == place and other is not mount for other in self.mounts):
                raise UnseenError(f"{place} is hidden below another mount")

        return inside(mount.folder, path, look)


def inside(top: Path, path: str, look: Callable[[Path], None] = lambda _: None) -> Path | None:
    """A path below a directory, links followed as a boot loader follows them: never out of it.

    ``look`` sees each directory on the way. None when there is no such path.
    """
    if "\0" in path:
        return None
    place = resolved(top, path, look=look)
    return place if place is not None and place.exists() else None


def text_inside(top: Path, path: str) -> str | None:
    """What a file of a host says, as far as anybody would write it; None when there is none.

    :raises OSError: it cannot be read.
    """
    place = inside(top, path)
    if place is None or not place.is_file():
        return None
    with place.open("rb") as file:
        return file.read(_MOST_TEXT).decode("utf-8", "replace")


def is_file(path: Path) -> bool:
    """Whether there is such a file; a damaged filesystem has none."""
    try:
        return path.is_file()
    except OSError:
        return False


def mounts_below(root: Path, mounts: Iterable[Mount]) -> tuple[Mount, ...]:
    """Those of the mounts that are of a host whose root is at ``root``.

    The last one at a place is what is seen there.
    """
    found = {
        each.folder: each
        for each in mounts
        if each.folder.is_relative_to(root) and each.node.startswith("/dev/")
    }
    return tuple(found.values())


def _below(path: str, top: str) -> str | None:
    path, top = "/" + path.strip("/"), "/" + top.strip("/")
    if top == "/":
        return path
    return path[len(top) :] if path == top or path.startswith(f"{top}/") else None


def _real(node: str) -> Path:
    return Path(node).resolve()
