"""Waiting for devices that take their time: bounded, and told to whoever waits."""

from __future__ import annotations

from collections.abc import Callable

from installer.errors import CommandFailed
from installer.events import Emit, Message
from installer.machine.facts import Disk
from installer.machine.probe.disks import Devices
from installer.system.runner import Runner

PATIENCE_SECONDS = 30
STEP_SECONDS = 3

# Which disks are not there yet, for people.
Missing = Callable[[tuple[Disk, ...]], str]


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
    missing: Missing,
    *,
    emit: Emit,
    sleep: Callable[[float], None],
) -> Devices:
    """What ``look`` finds once the disks are there, or when the time is up.

    Disks behind USB or a RAID controller come seconds after everything else, and udev cannot know
    that there will be one. ``missing`` says what is not there yet ("": nothing is waited for).
    """
    devices = look()
    for waited in range(0, PATIENCE_SECONDS, STEP_SECONDS):
        what = missing(devices.disks)
        if not what:
            break
        text = f"waiting for {what} ({waited} of {PATIENCE_SECONDS} s)"
        emit(Message(level="info", text=text))
        sleep(STEP_SECONDS)
        devices = look()
    return devices
