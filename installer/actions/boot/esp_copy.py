"""Files onto an ESP, and back from it.

It is done with mtools, which needs no vfat in the kernel, so that an image is written by the same
code.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from installer.actions.context import Context
from installer.errors import CommandFailed
from installer.system.private import private_directory

# What ends the name of a program that firmware starts until all that it needs is on the disk. In
# the case of the name itself, which FAT keeps in the entry.
_UNFINISHED = ".NEW"


def copy_to_esp(
    context: Context,
    volume: str,
    files: Mapping[str, Path | bytes],
    *,
    started: tuple[str, ...] = (),
) -> None:
    """Put ``files`` (what is in them, by their paths there) on an ESP that has no others.

    ``started`` are those of them that the firmware starts. FAT has no journal: while it is being
    written, a power cut leaves any part of it. So these come last, one after the other in this
    order: each is complete on the disk under another name, together with everything else, before
    it gets its own name, which is the change of a single sector.

    :raises CommandFailed: they do not fit, or a fresh read gives other bytes.
    """
    unfinished = {name: _unfinished(Path(name)) for name in started}
    digests = {name: _digest(content) for name, content in files.items()}
    esp = _Esp(context=context, node=context.node(volume))
    private_directory(context.work)
    esp.write({unfinished.get(name, name): content for name, content in files.items()})
    esp.compare({unfinished.get(name, name): digest for name, digest in digests.items()})
    for name in started:
        esp.rename(unfinished[name], name)
    esp.compare({name: digests[name] for name in started})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Esp:
    context: Context
    node: str

    def write(self, files: Mapping[str, Path | bytes]) -> None:
        """Write files; they are on the disk then."""
        with TemporaryDirectory(prefix="esp-", dir=self.context.work) as directory:
            stage = Path(directory)
            _stage(stage, files)
            tops = sorted(str(each) for each in stage.iterdir())
            self.context.runner.run(["mcopy", "-i", self.node, "-s", "-n", *tops, "::/"])
        self._sync()

    def rename(self, old: str, new: str) -> None:
        """Give a file another name in its directory; that is on the disk then."""
        self.context.runner.run(["mren", "-i", self.node, f"::/{old}", Path(new).name])
        self._sync()

    def compare(self, digests: Mapping[str, str]) -> None:
        """Compare the digests of files with what a fresh read of the ESP gives.

        :raises CommandFailed: they differ.
        """
        # A new directory each time: what another ESP gave back does not vouch for this one. It is
        # in memory, one file at a time.
        with TemporaryDirectory(prefix="esp-", dir=self.context.work) as directory:
            back = Path(directory, "back")
            wrong = [name for name in digests if not self._has(name, digests[name], back)]
        if wrong:
            raise CommandFailed(
                f"the ESP on {self.node} gives back other bytes than were written: "
                f"{', '.join(sorted(wrong))}",
                "The disk is faulty: replace it.",
            )

    def _has(self, name: str, digest: str, back: Path) -> bool:
        back.unlink(missing_ok=True)
        self.context.runner.run(["mcopy", "-i", self.node, "-n", f"::/{name}", str(back)])
        return back.is_file() and _digest(back) == digest

    def _sync(self) -> None:
        """Wait until it is on the disk, behind its cache; the next read comes from there."""
        self.context.runner.run(["sync", self.node])
        self.context.runner.run(["blockdev", "--flushbufs", self.node])


def _unfinished(name: Path) -> str:
    suffix = _UNFINISHED.lower() if name.suffix.islower() else _UNFINISHED
    return str(name.with_suffix(suffix))


def _stage(stage: Path, files: Mapping[str, Path | bytes]) -> None:
    for name, content in files.items():
        place = stage / name
        place.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, bytes):
            place.write_bytes(content)
        else:
            place.symlink_to(content)  # mcopy follows it, and nothing is in memory twice


def _digest(content: Path | bytes) -> str:
    if isinstance(content, bytes):
        return hashlib.sha256(content).hexdigest()
    with content.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
