"""What the kickstart left open, decided from the machine; each decision can be said in a line."""

from __future__ import annotations

from dataclasses import dataclass, replace
from difflib import get_close_matches

from installer.config.model import (
    BootMode,
    DiskSelector,
    InstallConfig,
    KernelFlavour,
    RootFilesystem,
    Swap,
    SwapKind,
)
from installer.config.rules import unit_name
from installer.machine import IMAGE_TRANSPORT, Disk, FirmwareMode, Layer, Machine, SecureBoot
from installer.payload import PayloadIndex, PayloadTree
from installer.plan.disks import select_disk, wiped_disks
from installer.plan.layers import layers_on, sharing_problems
from installer.plan.layout import Layout, whole_disk_layout
from installer.plan.matching import match_text
from installer.sizes import GIB, MIB, format_size
from ks_schema.problem import Problem

ROOM = 256 * MIB
_SECTOR_OF_BIOS = 512

# Debian's cloud kernel is small because it drives nothing but these.
_CLOUD_VIRTUALIZATION = frozenset({"kvm", "qemu", "amazon", "google", "microsoft", "xen"})
_CLOUD_TRANSPORTS = frozenset({"virtio", "nvme"})
_CLOUD_NETWORK = frozenset({"virtio_net", "ena", "gve", "hv_netvsc", "vif"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Decisions:
    """Everything that the planner needs to know, nothing left open.

    ``wiped`` are the further disks to be erased, ``layers`` what lies on all of them, top first.
    ``notes`` has a line for each default that was taken.
    """

    disk: Disk
    wiped: tuple[Disk, ...]
    layers: tuple[Layer, ...]
    mode: BootMode
    filesystem: RootFilesystem
    swap: Swap
    tree: PayloadTree
    layout: Layout
    notes: tuple[str, ...]


def decide(
    config: InstallConfig, machine: Machine, payload: PayloadIndex, seed: str
) -> Decisions | tuple[Problem, ...]:
    """All decisions, or everything that keeps this machine from being installed as asked."""
    problems = firmware_problems(config, machine)
    selectors = {each.name: each for each in config.disks}
    selector = selectors[config.storage.disk]
    disk = select_disk(selector, machine.disks)
    if isinstance(disk, Problem):
        return (*problems, disk)
    wiped, refused = wiped_disks(config.storage.wipe, selectors, machine.disks, disk)
    layers = layers_on((disk, *wiped), machine.layers)
    problems += refused
    problems += sharing_problems((disk, *wiped), layers, machine) if not refused else ()
    mode = config.boot.mode or BootMode(machine.firmware.mode.value)
    kernel = config.packages.kernel or kernel_for(machine, disk)
    tree = payload.tree(config.packages.set, kernel)
    if tree is None:
        return (*problems, _missing_tree(config, kernel, payload))
    swap = swap_for(config.storage.swap, machine.memory)
    partition = swap.size or 0 if swap.kind is SwapKind.PARTITION else 0
    layout = whole_disk_layout(disk.size, mode, partition, seed)
    problems += room_problems(disk, layout, tree, swap)
    problems += unit_problems(config, tree)
    if mode is not BootMode.EFI and disk.logical_sector != _SECTOR_OF_BIOS:
        problems += (_sector_problem(disk),)
    if problems or layout is None:
        return problems
    return Decisions(
        disk=disk,
        wiped=wiped,
        layers=layers,
        mode=mode,
        filesystem=config.storage.filesystem or RootFilesystem.BTRFS,
        swap=swap,
        tree=tree,
        layout=layout,
        notes=disk_notes(selector, disk) + notes(config, machine, mode, kernel, swap),
    )


def kernel_for(machine: Machine, disk: Disk) -> KernelFlavour:
    """The small kernel where it drives all that this machine has, else the one that drives all."""
    drivers = {each.driver for each in machine.interfaces if each.driver}
    small = (
        machine.virtualization in _CLOUD_VIRTUALIZATION
        and disk.transport in _CLOUD_TRANSPORTS
        and drivers <= _CLOUD_NETWORK
    )
    return KernelFlavour.CLOUD if small else KernelFlavour.GENERIC


def swap_for(swap: Swap | None, memory: int) -> Swap:
    """The swap space; where it has no size, as much as there is memory, from 512 MiB to 4 GiB."""
    if swap is None:
        return Swap(kind=SwapKind.NONE)
    if swap.kind is SwapKind.NONE or swap.size is not None:
        return swap
    size = min(max(memory, GIB // 2), 4 * GIB) // MIB * MIB
    return replace(swap, size=size)


def firmware_problems(config: InstallConfig, machine: Machine) -> tuple[Problem, ...]:
    """What the firmware that the machine started with cannot give."""
    if config.boot.secure_boot_required and config.boot.mode is BootMode.BIOS:
        return (
            Problem(
                pointer="/boot/secure_boot",
                message="Secure Boot is required, and a disk for BIOS has none",
                hint="use the mode efi or dual",
            ),
        )
    if is_image(machine):
        return ()
    problems: list[Problem] = []
    firmware = machine.firmware
    if config.boot.mode not in {None, BootMode.DUAL, BootMode(firmware.mode.value)}:
        problems.append(
            Problem(
                pointer="/boot/mode",
                message=f"the machine started in {firmware.mode} mode and would not start it",
                hint="use dual, or change the firmware's boot mode and start the installer again",
            )
        )
    if config.boot.secure_boot_required and firmware.secure_boot is not SecureBoot.ENABLED:
        problems.append(
            Problem(
                pointer="/boot/secure_boot",
                message=f"Secure Boot is required; the firmware says {firmware.secure_boot}",
                hint="switch it on in the firmware's set-up, or use optional",
            )
        )
    return tuple(problems)


def room_problems(
    disk: Disk, layout: Layout | None, tree: PayloadTree, swap: Swap
) -> tuple[Problem, ...]:
    """Whether everything fits, with a little room left."""
    need = tree.installed_size * 115 // 100 + ROOM
    if swap.kind is SwapKind.FILE:
        need += swap.size or 0
    free = layout.root.size if layout else 0
    if free >= need:
        return ()
    return (
        Problem(
            pointer="/storage",
            message=f"{disk.path} is too small: {format_size(disk.size)} leaves "
            f"{format_size(free)} for the root, {tree.name} needs {format_size(need)}",
            hint="use a larger disk, less swap, or the minimal set",
        ),
    )


def unit_problems(config: InstallConfig, tree: PayloadTree) -> tuple[Problem, ...]:
    """Units that the payload does not have: a slip of the pen, or a unit of the other set."""
    if not tree.units:
        return ()
    return tuple(
        Problem(
            pointer=f"/services/{name}",
            message=f"{tree.name} has no unit {unit_name(name)}",
            hint=_nearest(unit_name(name), tree),
        )
        for name, _ in config.services
        if tree.units.isdisjoint({unit_name(name), _template(unit_name(name))})
    )


def disk_notes(selector: DiskSelector, disk: Disk) -> tuple[str, ...]:
    """Which disk was meant, when the kickstart only describes it."""
    if selector.match is None or disk.transport == IMAGE_TRANSPORT:
        return ()
    which = f"the {selector.pick} one" if selector.pick else "the one disk"
    return (f"disk {disk.path}: {which} that is as described ({match_text(selector.match)})",)


def notes(
    config: InstallConfig, machine: Machine, mode: BootMode, kernel: KernelFlavour, swap: Swap
) -> tuple[str, ...]:
    """The defaults that were taken, each with its reason."""
    lines: list[str] = []
    if config.boot.mode is None:
        lines.append(f"boot mode {mode}: the machine started that way")
    if config.packages.kernel is None:
        lines.append(f"kernel {kernel}: the machine is {_kind(machine)}")
    if config.storage.filesystem is None:
        lines.append("root filesystem btrfs: it compresses what it stores")
    if config.storage.swap is None:
        lines.append("no swap: a container host is better told that its memory is full")
    elif config.storage.swap.size is None and swap.size:
        lines.append(f"swap of {format_size(swap.size)}: from the size of the memory")
    if config.network is None:
        lines.append("DHCP on every wired interface")
    return tuple(lines)


def is_image(machine: Machine) -> bool:
    """Whether the plan is for an image file, which may start on any machine."""
    return any(disk.transport == IMAGE_TRANSPORT for disk in machine.disks)


def efi_started(machine: Machine) -> bool:
    """Whether there is firmware here that keeps boot entries for the disk."""
    return machine.firmware.mode is FirmwareMode.EFI and not is_image(machine)


def _template(unit: str) -> str:
    """``getty@.service`` for ``getty@tty1.service``; the unit itself when it is no instance."""
    name, at, instance = unit.partition("@")
    return f"{name}@.{instance.rpartition('.')[2]}" if at else unit


def _nearest(name: str, tree: PayloadTree) -> str:
    near = get_close_matches(name, tree.units, n=1)
    return f"did you mean {near[0]}?" if near else "leave it out, or install what has it first"


def _kind(machine: Machine) -> str:
    if is_image(machine):
        return "not known yet"
    if machine.virtualization == "none":
        return "no virtual machine"
    return f"a virtual machine ({machine.virtualization})"


def _missing_tree(config: InstallConfig, kernel: KernelFlavour, payload: PayloadIndex) -> Problem:
    names = ", ".join(tree.name for tree in payload.trees)
    return Problem(
        pointer="/packages",
        message=f"the payload has no tree for the set {config.packages.set} with kernel {kernel}",
        hint=f"it has: {names or 'none'}",
    )


def _sector_problem(disk: Disk) -> Problem:
    return Problem(
        pointer="/boot/mode",
        message=f"{disk.path} has {disk.logical_sector}-byte sectors; BIOS starts only from 512",
        hint="use efi",
    )
