"""How the disks are used: a guided layout and its options, or partitions edited by hand."""

from __future__ import annotations

from collections.abc import Iterator

from installer.config.boot import BootMode
from installer.config.storage import TableKind
from installer.machine import Disk, Machine
from installer.plan.disks import unfit_reason
from installer.plan.storage.model import KeptPartition, PlannedDisk
from installer.plan.storage.tables import free_stretches
from installer.plan.storage.unused import ArrayParts, unused_notes
from installer.sizes import format_size
from screens.boot_entries import boot_mode, unified
from screens.draft import Draft
from screens.forms import Check, Choice, Command, Form, Item, Note, Option, SecretText, Text
from screens.step import Step, View
from screens.steps.disk import disk_line, serial_text
from screens.steps.firmware import NO_TPM2, has_tpm2
from screens.storage_entries import BESIDE, MIRROR

EDIT = Command(id="edit", label="Edit partitions...")
_BY_HAND = """\
The partitions are edited by hand. Swap space is a volume here: a swap file, or zram, goes with \
the guided layouts. Going back to one of those keeps the edits for later."""
_FILESYSTEMS = (
    Option(value="", label="Recommended", detail=("the review shows which",)),
    Option(value="ext4", label="ext4", detail=("plain and proven",)),
    Option(value="xfs", label="xfs", detail=("fast with large files",)),
    Option(value="btrfs", label="btrfs", detail=("compressed, with snapshots",)),
)
_CONTAINER_FILESYSTEMS = (
    Option(value="", label="xfs", detail=("recommended: with quotas for containers",)),
    Option(value="btrfs", label="btrfs", detail=("a subvolume each",)),
    Option(value="ext4", label="ext4"),
)


# What two roots do not go with says so as well: neither can be added to the other.
_AB = "it does not go with two roots that take turns"


def form(view: View) -> Form:
    """Ask for the layout; what goes with a guided one is asked only for those."""
    draft = view.draft
    layout = Choice(id="layout", label="Layout", value=draft.layout, options=_layouts(view))
    if draft.edited is not None:
        return Form(items=(layout, Note(text=_BY_HAND)), commands=(EDIT,))
    items = (
        layout,
        Choice(
            id="filesystem", label="Root filesystem", value=draft.filesystem, options=_FILESYSTEMS
        ),
        *_swap(draft),
        Check(
            id="lvm",
            label="LVM",
            value=bool(draft.lvm),
            detail=("the root on a logical volume: can grow over further disks",),
            refused=_AB if draft.ab else "",
        ),
        *_encryption(draft, view.machine),
        *_mirror(draft, view.machine),
        *_containers(draft, view.machine),
        _two_roots(draft, view.machine),
        _identity(draft),
    )
    return Form(items=items, commands=(EDIT,))


def _layouts(view: View) -> tuple[Option, ...]:
    disk = _chosen(view.draft, view.machine)
    free = _largest_free(disk) if disk else 0
    no_table = "" if disk and disk.table else "the disk has no partition table: all of it is free"
    none = "" if free else "all of the disk is taken"
    room = f"{format_size(free)}; " if free and not no_table else ""
    return (
        Option(value="whole_disk", label="The whole disk", detail=("all that is on it is lost",)),
        Option(
            value="free_space",
            label="The free space",
            detail=(f"{room}the partitions that are there stay",),
            refused=no_table or none or (_AB if view.draft.ab else ""),
        ),
        Option(
            value="custom",
            label="Custom",
            detail=("partitions edited by hand",),
            refused=_AB if view.draft.ab else "",
        ),
    )


def _largest_free(disk: Disk) -> int:
    """The bytes of the largest stretch that no partition lies on, where the new ones go."""
    kind = TableKind.DOS if disk.table == TableKind.DOS else TableKind.GPT
    kept = tuple(KeptPartition(partition=each) for each in disk.partitions)
    planned = PlannedDisk(name="", disk=disk, table=kind, guid="", keep=True, kept=kept)
    return max((size for _start, size in free_stretches(planned)), default=0)


def _chosen(draft: Draft, machine: Machine | None) -> Disk | None:
    disks = machine.disks if machine else ()
    return next((disk for disk in disks if disk.path == draft.disk), None)


def _swap(draft: Draft) -> Iterator[Item]:
    options = (
        Option(value="", label="Recommended", detail=("the review shows which",)),
        Option(value="none", label="No swap space"),
        Option(
            value="file",
            label="A swap file",
            detail=("can be resized later",),
            refused=_AB if draft.ab else "",
        ),
        Option(value="partition", label="A swap partition"),
        Option(value="zram", label="zram", detail=("compressed memory, no disk",)),
    )
    yield Choice(id="swap", label="Swap space", value=draft.swap, options=options)
    if draft.swap in {"file", "partition", "zram"}:
        hint = "like 2 GiB; empty: recommended"
        yield Text(id="swap_size", label="Swap size", value=draft.swap_size, hint=hint, width=14)


def _encryption(draft: Draft, machine: Machine | None) -> Iterator[Item]:
    yield Check(
        id="encryption",
        label="Encryption",
        value=bool(draft.encryption),
        detail=("everything but /boot and the boot loader",),
        refused=_AB if draft.ab else "",
    )
    if not draft.encryption:
        return
    yield SecretText(id="passphrase", label="Passphrase", value=draft.passphrase)
    yield SecretText(id="passphrase_again", label="...once more", value=draft.passphrase_again)
    yield Check(
        id="tpm2",
        label="The TPM opens it",
        value=bool(draft.tpm2),
        detail=("while Secure Boot is as it is now",),
        refused="" if has_tpm2(machine) else NO_TPM2,
    )
    yield Check(
        id="recovery_key",
        label="Recovery key",
        value=bool(draft.recovery_key),
        detail=("a second key, shown once at the end",),
    )


def _two_roots(draft: Draft, machine: Machine | None) -> Item:
    others = {
        "LVM": draft.lvm,
        "encryption": draft.encryption,
        "a mirror": draft.mirror,
        "a volume for containers": draft.containers,
        "a swap file": draft.swap == "file",
        "free space": draft.layout == "free_space",
        "systemd-boot": unified(draft),
        "a disk that starts on BIOS firmware": boot_mode(draft, machine) is not BootMode.EFI,
    }
    reasons = [name for name, said in others.items() if said]
    return Check(
        id="ab",
        label="Two roots that take turns",
        value=bool(draft.ab),
        detail=("upgrades that can be taken back",),
        refused=f"it does not go with {reasons[0]}" if reasons and not draft.ab else "",
    )


def _identity(draft: Draft) -> Item:
    there = draft.layout == "free_space" and not draft.preserve
    return Check(
        id="preserve",
        label="Stay the same host",
        value=bool(draft.preserve),
        detail=("keeps the SSH host keys and the machine-id of the one that is there",),
        refused="the earlier host stays beside it" if there else "",
    )


def _mirror(draft: Draft, machine: Machine | None) -> Iterator[Item]:
    others = [each for each in (machine.disks if machine else ()) if each.path != draft.disk]
    reason = "a mirror does not go into free space" if draft.layout == "free_space" else ""
    reason = _AB if draft.ab else reason
    if not others:
        yield Check(
            id=f"{MIRROR}none", label="Mirror", value=False, refused="there is no second disk"
        )
    for disk in others:
        used = "the containers have it" if draft.containers == disk.path else ""
        detail = f"{serial_text(disk)}; holds the same; all that is on it is lost"
        yield Check(
            id=f"{MIRROR}{disk.path}",
            label=f"Mirror on {disk_line(disk)}",
            value=disk.path in draft.mirror,
            detail=(detail, *_unused(draft, disk, machine)),
            refused=reason or used or unfit_reason(disk),
        )


def _unused(draft: Draft, disk: Disk, machine: Machine | None) -> tuple[str, ...]:
    """What a mirror with this disk leaves unused."""
    if draft.layout != "whole_disk":
        return ()
    paths = {draft.disk, *draft.mirror, disk.path}
    disks = machine.disks if machine else ()
    members = tuple((each.path, each.size) for each in disks if each.path in paths)
    return tuple(f"! {each}" for each in unused_notes([ArrayParts(members=members)]))


def _containers(draft: Draft, machine: Machine | None) -> Iterator[Item]:
    others = [each for each in (machine.disks if machine else ()) if each.path != draft.disk]
    options = (
        Option(value="", label="In the root"),
        Option(value=BESIDE, label="A volume beside the root", refused=_AB if draft.ab else ""),
        *(
            Option(
                value=disk.path,
                label=f"All of {disk_line(disk)}",
                detail=(f"{serial_text(disk)}; all that is on it is lost",),
                refused=_own_disk_refused(draft, disk),
            )
            for disk in others
        ),
    )
    label = "Containers' images and volumes"
    yield Choice(id="containers", label=label, value=draft.containers, options=options)
    if not draft.containers:
        return
    hint = "like 100 GiB or 40%; empty: half" if draft.containers == BESIDE else "empty: all of it"
    size = draft.containers_size
    yield Text(id="containers_size", label="Their size", value=size, hint=hint, width=14)
    yield Choice(
        id="containers_filesystem",
        label="Their filesystem",
        value=draft.containers_filesystem,
        options=_CONTAINER_FILESYSTEMS,
    )
    yield Check(
        id="containers_preserve",
        label="Keep that volume if it is there",
        value=bool(draft.containers_preserve),
        detail=("from an earlier installation",),
    )


def _own_disk_refused(draft: Draft, disk: Disk) -> str:
    if draft.ab:
        return _AB
    return "it is in the mirror" if disk.path in draft.mirror else unfit_reason(disk)


STEP = Step(id="storage", title="Storage", form=form)
