"""Volumes that are found by their label: a USB stick, a second disk, a virtual CD."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from installer.errors import CommandFailed, KickstartUnreachable
from installer.system.mounts import MOUNT_SECONDS, mounted_for_now
from installer.system.runner import Runner

BY_LABEL = Path("/dev/disk/by-label")


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
    mount = partial(_mount, device, runner)
    with mounted_for_now(mount, runner, prefix="photon-kickstart-") as directory:
        yield directory


def _mount(device: Path, runner: Runner, directory: str) -> None:
    argv = ["mount", "-o", "ro,nosuid,nodev,noexec", str(device), directory]
    try:
        runner.run(argv, timeout=MOUNT_SECONDS)
    except CommandFailed as error:
        message = f"the volume {device} cannot be mounted: {error.message}"
        raise KickstartUnreachable(message, error.hint) from error
