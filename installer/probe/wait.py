"""Waiting for devices that take their time: bounded, and told to whoever waits."""

from __future__ import annotations

from collections.abc import Callable

from installer.errors import CommandFailed
from installer.events import Emit, Message
from installer.machine import Disk
from installer.probe.disks import Devices
from installer.run import Runner

PATIENCE_SECONDS = 30
STEP_SECONDS = 3


def settle(runner: Runner, emit: Emit) -> None:
    """Wait until udev has handled every device that the kernel has announced."""
    rest = PATIENCE_SECONDS - STEP_SECONDS
    for seconds, otherwise in (
        (STEP_SECONDS, f"waiting for devices that are still being set up (at most {rest} s more)"),
        (rest, f"some devices are not set up after {PATIENCE_SECONDS} s; going on with the others"),
    ):
        try:
            runner.run(["udevadm", "settle", f"--timeout={seconds}"])
        except CommandFailed:  # time is up, or there is no udev to ask: both end well without it
            emit(Message(level="info", text=otherwise))
        else:
            return


def wait_for_disks(
    look: Callable[[], Devices],
    wanted: tuple[str, ...],
    *,
    emit: Emit,
    sleep: Callable[[float], None],
) -> Devices:
    """What ``look`` finds once the disks are there, or when the time is up.

    Disks behind USB or a RAID controller come seconds after everything else, and udev cannot know
    that there will be one. ``wanted`` are names of disks (paths, links, serial numbers); without
    any, one disk that can be used is enough.
    """
    devices = look()
    for waited in range(0, PATIENCE_SECONDS, STEP_SECONDS):
        missing = missing_disks(devices.disks, wanted)
        if not missing:
            break
        text = f"waiting for {missing} ({waited} of {PATIENCE_SECONDS} s)"
        emit(Message(level="info", text=text))
        sleep(STEP_SECONDS)
        devices = look()
    return devices


def missing_disks(disks: tuple[Disk, ...], wanted: tuple[str, ...]) -> str:
    """What is not there yet, for people; "" when nothing is missing."""
    if wanted:
        names = {name for disk in disks for name in (disk.path, disk.serial, *disk.links)}
        return ", ".join(each for each in wanted if each not in names)
    usable = any(not disk.in_use for disk in disks)
    return "" if usable else "a disk that can be used"
