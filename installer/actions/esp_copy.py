"""Files onto an ESP, and back from it.

It is done with mtools, which needs no vfat in the kernel, so that an image is written by the same
code.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from installer.context import Context
from installer.errors import CommandFailed


def copy_to_esp(context: Context, volume: str, files: Mapping[str, Path | bytes]) -> None:
    """Put ``files`` (what is in them, by their paths there) on an ESP that has no others.

    :raises CommandFailed: they do not fit, or a fresh read gives other bytes.
    """
    node = context.node(volume)
    context.work.mkdir(parents=True, exist_ok=True)
    # A new folder each time: what another ESP gave back does not vouch for this one. It is in
    # memory, and gone at once.
    with TemporaryDirectory(prefix="esp-", dir=context.work) as folder:
        stage, back = Path(folder, "stage"), Path(folder, "back")
        back.mkdir()
        _stage(stage, files)
        # FAT keeps names without regard to case.
        wanted = {name.lower(): _digest(stage / name) for name in files}
        tops = sorted(each.name for each in stage.iterdir())
        copy = ["mcopy", "-i", node, "-s", "-n"]
        context.runner.run([*copy, *(str(stage / name) for name in tops), "::/"])
        context.runner.run(["sync", node])
        context.runner.run(["blockdev", "--flushbufs", node])
        context.runner.run([*copy, *(f"::/{name}" for name in tops), str(back)])
        found = {
            str(path.relative_to(back)).lower(): _digest(path)
            for path in back.rglob("*")
            if path.is_file()
        }
    if wanted != found:
        names = ", ".join(sorted(name for name in wanted if wanted[name] != found.get(name)))
        raise CommandFailed(
            f"the ESP on {node} gives back other bytes than were written: {names}",
            "The disk is faulty: replace it.",
        )


def _stage(stage: Path, files: Mapping[str, Path | bytes]) -> None:
    for name, content in files.items():
        place = stage / name
        place.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, bytes):
            place.write_bytes(content)
        else:
            place.symlink_to(content)  # mcopy follows it, and nothing is in memory twice


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
