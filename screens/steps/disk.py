"""The disk that is going to be erased; every disk is listed, also those that cannot be used."""

from __future__ import annotations

from collections.abc import Iterator

from installer.machine.facts import Disk, LeftOut, Partition
from installer.machine.layers import disks_sharing
from installer.machine.pools import stacked
from installer.plan.disks import kickstart_reason
from installer.sizes import format_size
from screens.forms import Choice, Command, Form, Note, Option, Tone
from screens.steps.step import Step, View

RESCAN = Command(id="rescan", label="Rescan the disks")
NO_MACHINE = "no machine to install; rescan"
NOTHING_TO_CHOOSE = "no disk to install on; attach one and rescan"
_PARTITIONS_SHOWN = 6
_LEFT_OUT_SHOWN = 3
_NONE = """\
! No disk was found.

Attach one, or turn its controller on in the firmware's setup, and rescan.
On a virtual machine: add a virtual disk (SATA, SCSI, NVMe or virtio)."""


def form(view: View) -> Form:
    """List the disks, or say what to do when there is none."""
    disks = view.machine.disks if view.machine else ()
    if view.error and not view.machine:
        note = _failed(view.error.message, view.error.hint)
        return Form(items=(note,), commands=(RESCAN,), start=RESCAN.id)
    left_out = left_out_notes(view.machine.left_out) if view.machine else ()
    if not disks:
        note = Note(text=_NONE, tone=Tone.PROBLEM)
        return Form(items=(note, *left_out), commands=(RESCAN,), start=RESCAN.id)
    layers = stacked(view.machine) if view.machine else ()
    options = tuple(
        _option(disk, view.refusal(disk), disks_sharing(disk, disks, layers)) for disk in disks
    )
    note = Note(text="Select the disk to install Photon on. Nothing is written yet.")
    start = "" if view.draft.disk else "disk"
    if all(option.refused for option in options):
        text = "! None of these disks can be used. Attach another one and rescan."
        note, start = Note(text=text, tone=Tone.PROBLEM), RESCAN.id
    choice = Choice(id="disk", label="Disk", value=view.draft.disk, options=options)
    return Form(items=(note, choice, *left_out), commands=(RESCAN,), start=start)


def left_out_notes(left_out: tuple[LeftOut, ...]) -> tuple[Note, ...]:
    """Which devices are not listed, and why: those with the same reason together."""
    names: dict[str, list[str]] = {}
    for each in left_out:
        names.setdefault(each.reason, []).append(each.path.rpartition("/")[2])
    lines = (f"  {_few(each)}: {reason}" for reason, each in names.items())
    text = "\n".join(("Not listed:", *lines))
    return (Note(text=text, tone=Tone.DIM),) if left_out else ()


def _few(names: list[str]) -> str:
    more = len(names) - _LEFT_OUT_SHOWN
    shown = ", ".join(names[:_LEFT_OUT_SHOWN])
    return f"{shown} and {more} more" if more > 0 else shown


def short_name(disk: Disk) -> str:
    """The last part of the disk's path: ``sda``."""
    return disk.path.rpartition("/")[2]


def disk_line(disk: Disk) -> str:
    """Name, size and model."""
    return f"{short_name(disk)}  {format_size(disk.size)}  {disk.model or 'unknown model'}"


def serial_text(disk: Disk) -> str:
    """What tells it from others of its model."""
    return f"serial {disk.serial}" if disk.serial else "no serial number"


def disk_details(disk: Disk) -> str:
    """Serial number, how it is attached, and what kind it is."""
    kind = "" if disk.transport == "nvme" else "rotating" if disk.rotational else "solid state"
    parts = (
        serial_text(disk),
        disk.transport,
        kind,
        "removable" if disk.removable else "",
        f"{disk.table.upper()} partition table" if disk.table else "",
    )
    return ", ".join(part for part in parts if part)


def _option(disk: Disk, refused: str, partners: tuple[Disk, ...]) -> Option:
    names = ", ".join(short_name(each) for each in partners)
    text = f"! Part of an array, volume group or pool with {names}, which will also be erased"
    shared = (text,) if names else ()
    reason = kickstart_reason(disk)
    source = (f"! {reason}",) if reason else ()
    detail = (disk_details(disk), *source, *shared, *_contents(disk))
    return Option(value=disk.path, label=disk_line(disk), detail=detail, refused=refused)


def _contents(disk: Disk) -> Iterator[str]:
    if not disk.partitions:
        yield f"contains {disk.filesystem}" if disk.filesystem else "empty"
    for partition in disk.partitions[:_PARTITIONS_SHOWN]:
        yield partition_line(partition)
    if len(disk.partitions) > _PARTITIONS_SHOWN:
        yield f"and {len(disk.partitions) - _PARTITIONS_SHOWN} more partitions"


def partition_line(partition: Partition) -> str:
    """One partition: name, size, what is on it."""
    name = partition.path.rpartition("/")[2]
    label = partition.label or partition.name
    parts = (
        name,
        format_size(partition.size),
        partition.filesystem or "unrecognized data",
        f'"{label}"' if label else "",
        partition.operating_system,
    )
    return "  ".join(part for part in parts if part)


def _failed(message: str, hint: str) -> Note:
    text = f"! Hardware detection failed: {message}\n{hint}"
    return Note(text=text, tone=Tone.PROBLEM)


STEP = Step(id="disk", title="Disk", form=form)
