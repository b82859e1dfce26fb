"""Steps on the payload: prove that it is what its index says, extract a tree of it."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from installer.actions.context import Context
from installer.errors import PayloadBad
from installer.payload.index import PayloadImage, verify_image
from installer.secret import Secret
from installer.sizes import format_size
from installer.sources.fetch import RetryPolicy, is_web_address

# unsquashfs sets aside 512 MiB for its queues unless told otherwise: too much for a small machine.
_QUEUE_MIB = "16"
_PROGRESS_FIELD = "wchar:"


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyPayload:
    """Read the whole image and compare its digest, before anything is written to the disk.

    An image on a server is kept in memory meanwhile, so that what is extracted later is what
    was verified.
    """

    source: str
    image: PayloadImage
    access: Secret | None = None
    weight: float = 10.0

    def describe(self) -> str:
        """See :class:`~installer.actions.action.Action`."""
        return (
            f"verify {self.source}/{self.image.file}, {format_size(self.image.size)}, "
            f"SHA-256 {self.image.sha256[:16]}..."
        )

    def check(self, context: Context) -> None:
        """What is cheap to know: a local image has the right size, memory has room for a copy."""
        if is_web_address(self.source):
            room = shutil.disk_usage(context.work).free
            if self.image.size > room:
                raise PayloadBad(
                    f"{self.source}/{self.image.file}: its {format_size(self.image.size)} do not "
                    f"fit into {context.work}, which has {format_size(room)} free",
                    "Give the machine more memory, or start it from a disc or a stick.",
                )
            return
        path = Path(self.source) / self.image.file
        if not path.is_file():
            raise PayloadBad(
                f"{path}: no such file", "The medium has no payload, or it is damaged."
            )
        if (size := path.stat().st_size) != self.image.size:
            raise PayloadBad(
                f"{path}: has {size} bytes, the index says {self.image.size}",
                "The medium is damaged or was changed. Write it again from a verified ISO.",
            )

    def run(self, context: Context) -> None:
        """Verify it."""
        done = 0

        def advance(size: int) -> None:
            nonlocal done
            done += size
            context.advance(min(1.0, done / max(1, self.image.size)))

        keep = context.work / self.image.file if is_web_address(self.source) else None
        if keep is not None:
            context.on_undo(f"remove {keep}", lambda: keep.unlink(missing_ok=True))
        policy = RetryPolicy(cancelled=context.cancelled)
        verify_image(
            self.source, self.image, advance=advance, keep=keep, access=self.access, policy=policy
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtractPayload:
    """Extract the root tree with unsquashfs, which uses every processor.

    ``path`` is where the tree is in the image; ``size`` is its bytes when it is extracted.
    """

    source: str
    name: str
    image: PayloadImage
    path: str
    size: int
    weight: float = 60.0

    def describe(self) -> str:
        """See :class:`~installer.actions.action.Action`."""
        return f"extract {self.name}, {format_size(self.size)}"

    def check(self, context: Context) -> None:
        """VerifyPayload has looked at the image."""

    def run(self, context: Context) -> None:
        """Extract it into the mounted root.

        unsquashfs cannot leave out the leading folders of a subtree; so the root is mounted at a
        folder of that name, and unsquashfs is pointed at the folder above.
        """
        above = context.target
        for _ in PurePosixPath(self.path).parts:
            above = above.parent
        folder = context.work if is_web_address(self.source) else Path(self.source)

        def watch(pid: int) -> None:
            context.advance(min(0.99, _bytes_written(pid) / max(1, self.size)))

        context.runner.run(
            [
                "unsquashfs",
                "-force",
                "-quiet",
                "-no-progress",
                "-da",
                _QUEUE_MIB,
                "-fr",
                _QUEUE_MIB,
                "-dest",
                str(above),
                str(folder / self.image.file),
                *filter(None, [self.path]),
            ],
            watch=watch,
        )


def _bytes_written(pid: int) -> int:
    """How many bytes a process has handed to write(2) so far; 0 when it is gone."""
    try:
        lines = Path(f"/proc/{pid}/io").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith(_PROGRESS_FIELD)), 0)
