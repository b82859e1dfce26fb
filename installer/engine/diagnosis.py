"""What is behind a failure: which disk or medium fails, or is gone."""

from __future__ import annotations

import errno
import re
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from pathlib import Path

from installer.actions.action import Action
from installer.errors import Cancelled, InstallerError, ProblemsFound
from installer.machine.facts import IMAGE_TRANSPORT, Disk
from installer.machine.layers import nodes_of
from installer.machine.text import disks_text
from installer.plan.model import InstallPlan
from installer.plan.storage.bootable import disks_below
from installer.sources.fetch import is_web_address
from installer.system.kernel_log import KernelLog
from installer.system.medium import device_below, lost_device

SYSFS = Path("/sys/class/block")
FAULTY = "The disk, its cable or its controller is faulty. Replace it, and install again."
_IO_ERRNOS = {errno.EIO, errno.EROFS, errno.ENXIO, errno.ENODEV}


def explained(
    error: InstallerError, action: Action, plan: InstallPlan, log: KernelLog
) -> InstallerError:
    """The error with the device that it is about; the error itself where it is about none."""
    if isinstance(error, Cancelled | ProblemsFound):
        return error
    doing = f"could not {action.describe()}"
    if gone := [disk for disk in _disks(plan) if _is_gone(disk)]:
        what = f"{disks_text(tuple(gone))} is gone from the machine"
        hint = "Look at its cable, its power and its controller, and start the installer again."
        return _with(error, f"{what}: {doing}", hint)
    if lost := _lost_medium(plan):
        hint = "Put the installation medium back, and start the machine again."
        return _with(error, f"{lost}: {doing}", hint)
    failing = failing_disks(plan, log)
    if not failing and is_io_error(error):
        failing = acted_on(action, plan)
    if failing:
        return _with(error, f"{disks_text(failing)} gives I/O errors: {doing}", FAULTY)
    if medium := _failing_medium(plan, log):
        hint = "Clean the disc, or write the medium again from a verified ISO."
        return _with(error, f"{medium}, the installation medium, gives I/O errors: {doing}", hint)
    return error


def failing_disks(plan: InstallPlan, log: KernelLog, *, writes: bool = False) -> tuple[Disk, ...]:
    """The disks of the plan that the kernel has reported errors of; perhaps ``writes`` alone."""
    names = {each.device for each in log.errors() if each.write or not writes}
    return tuple(
        disk for disk in _disks(plan) if any(_is_part_of(name, disk.path) for name in names)
    )


def acted_on(action: Action, plan: InstallPlan) -> tuple[Disk, ...]:
    """The disks that an action is about, by the nodes and references in it; else the root's."""
    storage, texts = plan.storage, set(_texts(action))
    found = [disk for disk in _disks(plan) if texts.intersection(nodes_of(disk))]
    found += [each.disk for text in sorted(texts) for each in disks_below(storage, text)]
    if not found:
        found = [each.disk for each in disks_below(storage, storage.root.volume)]
    return tuple(dict.fromkeys(found))


def is_io_error(error: InstallerError) -> bool:
    """Whether a device is to blame, by the error number or by what a program printed."""
    cause = error.__cause__
    if isinstance(cause, OSError):
        return cause.errno in _IO_ERRNOS
    return "Input/output error" in str(error)


def _with(error: InstallerError, message: str, hint: str) -> InstallerError:
    """An error of the same kind, and exit code, that says it; what was known comes behind."""
    return type(error)(message, f"{hint}\n  {error}")


def _disks(plan: InstallPlan) -> tuple[Disk, ...]:
    return tuple(disk for disk in (*plan.disks, *plan.wiped) if disk.transport != IMAGE_TRANSPORT)


def _is_gone(disk: Disk) -> bool:
    """Whether the kernel has let go of the disk, or it says that there is nothing behind it."""
    if not disk.path.startswith("/dev/"):
        return False
    place = SYSFS / Path(disk.path).name
    try:
        return int((place / "size").read_text(encoding="ascii")) == 0
    except FileNotFoundError:
        return not Path(disk.path).exists()
    except (OSError, ValueError):
        return False


def _lost_medium(plan: InstallPlan) -> str:
    source = plan.payload.source
    return "" if is_web_address(source) else lost_device(source)


def _failing_medium(plan: InstallPlan, log: KernelLog) -> str:
    source = plan.payload.source
    device = "" if is_web_address(source) else device_below(source)
    names = {each.device for each in log.errors()}
    return device if device and Path(device).name in names else ""


def _is_part_of(name: str, path: str) -> bool:
    """Whether the kernel's name is that of the disk or of a partition of it."""
    return re.fullmatch(rf"{re.escape(Path(path).name)}(p?\d+)?", name) is not None


def _texts(value: object) -> Iterator[str]:
    match value:
        case str():
            yield value
        case tuple():
            for each in value:
                yield from _texts(each)
        case _ if is_dataclass(value):
            for each in fields(value):
                yield from _texts(getattr(value, each.name))
