"""Image files as disks: loop devices, filesystems and mounts that are always taken back."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from installer.sizes import GIB, MIB

WORK = Path("build/benchmarks").resolve()
DISK_SIZE = 8 * GIB
# What the installer itself mounts its targets with, so that nobody is at an advantage.
MOUNT_OPTIONS = {"ext4": "defaults", "btrfs": "compress=zstd:1"}
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_TAIL = 2000


def run(argv: Sequence[str | Path], *, env: Mapping[str, str] | None = None) -> str:
    """Run a program and return its standard output.

    :raises RuntimeError: it ended with an error.
    """
    done = subprocess.run(
        [str(each) for each in argv],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        env={**os.environ, "PATH": _PATH, "LC_ALL": "C.UTF-8", **(env or {})},
        check=False,
    )
    if done.returncode != 0:
        said = (done.stdout + done.stderr).decode("utf-8", "replace")[-_TAIL:]
        raise RuntimeError(f"{argv[0]} ended with {done.returncode}:\n{said}")
    return done.stdout.decode("utf-8", "replace")


def blank(image: Path, size: int = DISK_SIZE) -> None:
    """Make a sparse image file."""
    with image.open("xb") as file:
        file.truncate(size)


@contextmanager
def loop_device(image: Path, *, start: int = 0, read_only: bool = False) -> Iterator[str]:
    """A loop device on an image, from the byte ``start`` on."""
    flags = ["--read-only"] if read_only else []
    device = run(["losetup", "--find", "--show", "--offset", str(start), *flags, image]).strip()
    try:
        yield device
    finally:
        run(["losetup", "--detach", device])


@contextmanager
def mounted(device: str, options: str) -> Iterator[Path]:
    """A filesystem, mounted."""
    folder = Path(tempfile.mkdtemp(prefix="photon-benchmark-"))
    try:
        run(["mount", "-o", options, device, folder])
        try:
            yield folder
        finally:
            run(["umount", folder])
    finally:
        folder.rmdir()  # not a whole tree: something may still be mounted there


@contextmanager
def new_filesystem(image: Path, kind: str) -> Iterator[Path]:
    """A new filesystem on a new image, mounted; synced and unmounted at the end."""
    blank(image)
    force = {"ext4": ["-q", "-F"], "btrfs": ["-q", "-f"]}[kind]
    with loop_device(image) as device:
        run([f"mkfs.{kind}", *force, device])
        with mounted(device, MOUNT_OPTIONS[kind]) as folder:
            yield folder
            run(["sync", "--file-system", folder])


def flush(image: Path) -> None:
    """Wait until the image is on the disk below."""
    with image.open("rb") as file:
        os.fsync(file.fileno())


def read_through(path: Path) -> None:
    """Read a file once, so that everybody finds it in memory."""
    with path.open("rb") as file:
        while file.read(MIB):
            pass
