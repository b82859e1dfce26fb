"""How the disks are used: a guided layout and its options, or partitions edited by hand."""

from __future__ import annotations

from collections.abc import Iterator

from installer.config.boot import BootMode
from installer.config.storage import Containers, TableKind
from installer.filesystems import FILESYSTEMS, FilesystemType
from installer.machine.facts import Disk, Machine
from installer.plan.disks import unfit_reason
from installer.plan.storage.model import KeptPartition, PlannedDisk
from installer.plan.storage.tables import free_stretches
from installer.plan.storage.unused import ArrayParts, unused_notes
from installer.sizes import format_size
from screens.draft.boot_entries import boot_mode, unified
from screens.draft.draft import Draft
from screens.draft.storage_entries import BESIDE, MIRROR
from screens.forms import Check, Choice, Command, Form, Item, Note, Option, SecretText, Text
from screens.steps.disk import disk_line, serial_text
from screens.steps.firmware import NO_TPM2, has_tpm2
from screens.steps.step import Step, View

EDIT = Command(id="edit", label="Edit partitions...")
_BY_HAND = """\
You are partitioning manually. Add swap as a partition or volume; swap files and zram need a \
guided layout. Your edits are kept if you switch."""
_GUIDED = tuple(each for each in FILESYSTEMS if each.is_guided_root)
_FILESYSTEMS = (
    Option(value="", label="Automatic", detail=("recommended; see the review",)),
    *(Option(value=each.name, label=each.title, detail=(each.root_note,)) for each in _GUIDED),
)


def _container_option(known: FilesystemType) -> Option:
    usual = known.name == Containers().filesystem
    note = f"recommended: {known.container_note}" if usual else known.container_note
    return Option(
        value="" if usual else known.name, label=known.title, detail=(note,) if note else ()
    )


# Those with something to be said for them come first.
_CONTAINER_FILESYSTEMS = tuple(
    map(_container_option, sorted(_GUIDED, key=lambda each: not each.container_note))
)
# What two roots do not go with says so as well: neither can be added to the other.
_AB = "not available with A/B root filesystems"


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
    none = "" if free else "no free space on the disk"
    room = f"{format_size(free)}; " if free and not no_table else ""
    return (
        Option(
            value="whole_disk", label="Use the entire disk", detail=("erases everything on it",)
        ),
        Option(
            value="free_space",
            label="Use free space",
            detail=(f"{room}existing partitions are kept",),
            refused=no_table or none or (_AB if view.draft.ab else ""),
        ),
        Option(
            value="custom",
            label="Manual partitioning",
            detail=("edit every partition",),
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
        Option(value="", label="Automatic", detail=("recommended; see the review",)),
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
    yield SecretText(id="passphrase_again", label="Confirm", value=draft.passphrase_again)
    yield Check(
        id="tpm2",
        label="Unlock with TPM 2.0",
        value=bool(draft.tpm2),
        detail=("until Secure Boot settings change",),
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
        label="A/B root filesystems",
        value=bool(draft.ab),
        detail=("upgrades can be rolled back",),
        refused=f"not available with {reasons[0]}" if reasons and not draft.ab else "",
    )


def _identity(draft: Draft) -> Item:
    there = draft.layout == "free_space" and not draft.preserve
    return Check(
        id="preserve",
        label="Keep host identity",
        value=bool(draft.preserve),
        detail=("SSH host keys and machine ID of the existing installation",),
        refused="the existing host stays on the disk" if there else "",
    )


def _mirror(draft: Draft, machine: Machine | None) -> Iterator[Item]:
    others = [each for each in (machine.disks if machine else ()) if each.path != draft.disk]
    reason = "mirroring needs the entire disk" if draft.layout == "free_space" else ""
    reason = _AB if draft.ab else reason
    if not others:
        yield Check(
            id=f"{MIRROR}none",
            label="Mirror",
            value=False,
            refused="this machine has only one disk",
        )
    for disk in others:
        used = "already used for containers" if draft.containers == disk.path else ""
        detail = f"{serial_text(disk)}; the same content; erases everything on it"
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
        Option(value="", label="On the root filesystem"),
        Option(value=BESIDE, label="On a separate volume", refused=_AB if draft.ab else ""),
        *(
            Option(
                value=disk.path,
                label=f"All of {disk_line(disk)}",
                detail=(f"{serial_text(disk)}; erases everything on it",),
                refused=_own_disk_refused(draft, disk),
            )
            for disk in others
        ),
    )
    label = "Container images and volumes"
    yield Choice(id="containers", label=label, value=draft.containers, options=options)
    if not draft.containers:
        return
    beside = draft.containers == BESIDE
    yield Text(
        id="containers_size",
        label="Volume size",
        value=draft.containers_size,
        hint="like 100 GiB or 40%; default: half" if beside else "empty: all of it",
        width=14,
    )
    yield Choice(
        id="containers_filesystem",
        label="Container filesystem",
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
    return "already used for the mirror" if disk.path in draft.mirror else unfit_reason(disk)


STEP = Step(id="storage", title="Storage", form=form)
