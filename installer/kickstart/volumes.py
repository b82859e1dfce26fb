"""Volumes that are found by their label: a USB stick, a second disk, a virtual CD."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from installer.errors import CommandFailed, KickstartUnreachable
from installer.run import Runner

BY_LABEL = Path("/dev/disk/by-label")
_MOUNT_SECONDS = 30.0


def labelled_volume(label: str, by_label: Path) -> Path | None:
    """The device of the volume with this label; small and capital letters are the same."""
    try:
        found = sorted(by_label.iterdir())
    except OSError:
        return None
    # udev writes what is unusual in a label as \x20 and the like.
    wanted = "".join(
        each if each.isalnum() or each in "#+-.:=@_" else f"\\x{ord(each):02x}" for each in label
    ).upper()
    return next((path for path in found if path.name.upper() == wanted), None)


@contextmanager
def mounted(device: Path, runner: Runner) -> Iterator[Path]:
    """The files of the volume, read-only, for as long as the block runs.

    :raises KickstartUnreachable: it cannot be mounted.
    """
    folder = tempfile.mkdtemp(prefix="photon-kickstart-")
    try:
        _mount(device, folder, runner)
        try:
            yield Path(folder)
        finally:
            runner.run(["umount", folder], timeout=_MOUNT_SECONDS)
    finally:
        # Alone and not with its content, which would be the volume's if it were still mounted.
        with suppress(OSError):
            Path(folder).rmdir()


def _mount(device: Path, folder: str, runner: Runner) -> None:
    argv = ["mount", "-o", "ro,nosuid,nodev,noexec", str(device), folder]
    try:
        runner.run(argv, timeout=_MOUNT_SECONDS)
    except CommandFailed as error:
        message = f"the volume {device} cannot be mounted: {error.message}"
        raise KickstartUnreachable(message, error.hint) from error
