"""What the kickstart left open, decided from the machine; each decision can be said in a line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from installer.config.boot import BootLoader, BootMode
from installer.config.kickstart import InstallConfig
from installer.config.packages import KernelFlavour
from installer.config.storage import LayoutParts, Storage, Swap, SwapKind
from installer.machine.facts import IMAGE_TRANSPORT, Disk, FirmwareMode, Layer, Machine, SecureBoot
from installer.machine.layers import layers_on, sharing_problems
from installer.machine.pools import stacked
from installer.payload.index import PayloadIndex, PayloadTree
from installer.plan.boot.keys import key_notes, key_problems
from installer.plan.boot.loader import command_line_problems
from installer.plan.boot.uki import uki_problems
from installer.plan.disks import chosen_disks
from installer.plan.host.accounts import account_problems
from installer.plan.host.contents import contents_notes, contents_problems, link_problems
from installer.plan.host.keyboard import keyboard_notes
from installer.plan.host.preserve import preserve_problems
from installer.plan.losses import lost_disks
from installer.plan.room import room_problems
from installer.plan.storage.bootable import (
    ab_problems,
    array_parts,
    bios_places,
    boot_problems,
    boot_warnings,
    esp_places,
)
from installer.plan.storage.guided import guided_as_custom
from installer.plan.storage.model import StoragePlan
from installer.plan.storage.resolve import resolve_storage
from installer.plan.storage.taken_names import name_problems
from installer.plan.storage.unused import unused_notes
from installer.sizes import GIB, MIB, format_size
from ks_schema.problem import Problem

# Debian's cloud kernel is small because it drives nothing but these.
_CLOUD_VIRTUALIZATION = frozenset({"kvm", "qemu", "amazon", "google", "microsoft", "xen"})
_CLOUD_TRANSPORTS = frozenset({"virtio", "nvme"})
_CLOUD_NETWORK = frozenset({"virtio_net", "ena", "gve", "hv_netvsc", "vif"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Decisions:
    """Everything that the planner needs to know, nothing left open.

    ``wiped`` are the further disks to be erased, ``lost`` every disk that loses something with the
    partitions that it loses, ``layers`` what lies on those, top first. ``notes`` has a line for
    each default that was taken, ``warnings`` one for what can be done and may not be meant.
    """

    storage: StoragePlan
    wiped: tuple[Disk, ...]
    lost: tuple[Disk, ...]
    layers: tuple[Layer, ...]
    mode: BootMode
    swap: Swap
    tree: PayloadTree
    notes: tuple[str, ...]
    warnings: tuple[str, ...]

    @property
    def disk(self) -> Disk:
        """The disk that the host starts from."""
        return self.storage.disks[0].disk


def decide(
    config: InstallConfig, machine: Machine, payload: PayloadIndex, seed: str
) -> Decisions | tuple[Problem, ...]:
    """All decisions, or everything that keeps this machine from being installed as asked."""
    problems = firmware_problems(config, machine)
    chosen = chosen_disks(config, machine)
    if isinstance(chosen, tuple):
        return (*problems, *chosen)
    kernel = config.packages.kernel or kernel_for(machine, tuple(chosen.used.values()))
    tree = payload.tree(config.packages.set, kernel)
    if tree is None:
        return (*problems, _missing_tree(config, kernel, payload))
    resolved = resolve_layout(config, machine, chosen.used, seed)
    storage, mode, swap = resolved.storage, resolved.mode, resolved.swap
    problems += resolved.problems + account_problems(config, tree)
    problems += contents_problems(config, tree, payload)
    problems += preserve_problems(config.storage, image=is_image(machine))
    problems += key_problems(
        config, machine.firmware, efi=mode is not BootMode.BIOS, image=is_image(machine)
    )
    if storage is None:
        return problems
    if config.boot.loader is BootLoader.SYSTEMD_BOOT:
        problems += uki_problems(esp_places(storage), mode)
    lost = (*lost_disks(storage), *chosen.wiped)
    everything = stacked(machine)
    layers = layers_on(lost, everything)
    problems += sharing_problems(lost, layers, machine)
    problems += name_problems(
        storage,
        (each for each in everything if each not in layers),
        machine.disks,
    )
    problems += command_line_problems(config.boot, storage, machine)
    problems += link_problems(storage, tree)
    problems += room_problems(storage, tree, swap, custom=config.storage.custom is not None)
    if problems:
        return problems
    return Decisions(
        storage=storage,
        wiped=chosen.wiped,
        lost=lost,
        layers=layers,
        mode=mode,
        swap=swap,
        tree=tree,
        notes=(
            *chosen.notes,
            *notes(config, machine, resolved, kernel),
            *key_notes(config, image=is_image(machine)),
            *keyboard_notes(config),
            *contents_notes(config, tree),
        ),
        warnings=boot_warnings(storage, mode),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolvedLayout:
    """A layout on real disks (None when it cannot be), and what is wrong with it."""

    storage: StoragePlan | None
    problems: tuple[Problem, ...]
    parts: LayoutParts
    mode: BootMode
    swap: Swap


def resolve_layout(
    config: InstallConfig, machine: Machine, disks: Mapping[str, Disk], seed: str
) -> ResolvedLayout:
    """What will lie on ``disks`` (by name), whatever is installed there."""
    mode = config.boot.mode or BootMode(machine.firmware.mode.value)
    swap = swap_for(config.storage.swap, machine.memory)
    parts = custom_layout_for(config.storage, mode, swap, disks)
    storage = resolve_storage(parts, disks, machine.memory, seed)
    if isinstance(storage, tuple):
        problems = _placed(storage, config.storage)
        return ResolvedLayout(storage=None, problems=problems, parts=parts, mode=mode, swap=swap)
    problems = (
        *boot_problems(storage, mode),
        *tpm2_problems(storage, machine),
        *ab_problems(config.storage, mode),
    )
    return ResolvedLayout(storage=storage, problems=problems, parts=parts, mode=mode, swap=swap)


def custom_layout_for(
    storage: Storage, mode: BootMode, swap: Swap, disks: Mapping[str, Disk]
) -> LayoutParts:
    """The parts said, or those of the guided layout."""
    if storage.custom is not None:
        return storage.custom
    partition = swap.size or 0 if swap.kind is SwapKind.PARTITION else 0
    return guided_as_custom(storage, mode, partition, disks)


def _placed(problems: tuple[Problem, ...], storage: Storage) -> tuple[Problem, ...]:
    """The problems; of a guided layout, whose parts nobody wrote, without their places."""
    if storage.custom is not None:
        return problems
    return tuple(replace(each, pointer="/storage") for each in problems)


def kernel_for(machine: Machine, disks: tuple[Disk, ...]) -> KernelFlavour:
    """The small kernel where it drives all that this machine has, else the one that drives all."""
    drivers = {each.driver for each in machine.interfaces if each.driver}
    small = (
        machine.virtualization in _CLOUD_VIRTUALIZATION
        and all(disk.transport in _CLOUD_TRANSPORTS for disk in disks)
        and drivers <= _CLOUD_NETWORK
    )
    return KernelFlavour.CLOUD if small else KernelFlavour.GENERIC


def swap_for(swap: Swap | None, memory: int) -> Swap:
    """The swap space; where it has no size, as much as there is memory, from 512 MiB to 4 GiB."""
    if swap is None:
        return Swap(kind=SwapKind.NONE)
    if swap.kind is SwapKind.NONE or swap.size is not None:
        return swap
    if swap.kind is SwapKind.ZRAM:
        return swap  # its size follows the memory of whichever machine starts the host
    size = min(max(memory, GIB // 2), 4 * GIB) // MIB * MIB
    return replace(swap, size=size)


def firmware_problems(config: InstallConfig, machine: Machine) -> tuple[Problem, ...]:
    """What the firmware that the machine started with cannot give."""
    if config.boot.requires_secure_boot and config.boot.mode is BootMode.BIOS:
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
    keys = config.boot.owner_keys
    enrolled = keys is not None and keys.enroll and firmware.secure_boot is SecureBoot.SETUP
    enforced = firmware.secure_boot is SecureBoot.ENABLED or enrolled
    if config.boot.requires_secure_boot and not enforced:
        problems.append(
            Problem(
                pointer="/boot/secure_boot",
                message=f"Secure Boot is required; the firmware says {firmware.secure_boot}",
                hint="switch it on in the firmware's set-up, or use optional",
            )
        )
    return tuple(problems)


def tpm2_problems(storage: StoragePlan, machine: Machine) -> tuple[Problem, ...]:
    """A TPM is that of one machine, and is not there while an image is made."""
    sealed = any(each.tpm2_pcrs is not None for each in storage.encrypted)
    if not sealed or not is_image(machine):
        return ()
    message = "an image is made before the machine is known whose TPM would open it"
    hint = 'leave "tpm2" out, and use systemd-cryptenroll on the host'
    return (Problem(pointer="/storage", message=message, hint=hint),)


def notes(
    config: InstallConfig, machine: Machine, layout: ResolvedLayout, kernel: KernelFlavour
) -> tuple[str, ...]:
    """The defaults that were taken, each with its reason."""
    lines: list[str] = []
    if config.boot.mode is None:
        lines.append(f"boot mode {layout.mode}: detected from the firmware")
    if config.packages.kernel is None:
        lines.append(f"kernel {kernel}: the machine is {_kind(machine)}")
    lines += storage_notes(config.storage, layout.parts)
    lines += boot_notes(layout)
    lines += unused_notes(array_parts(layout.storage)) if layout.storage else ()
    if config.storage.swap and config.storage.swap.size is None and layout.swap.size:
        lines.append(f"swap of {format_size(layout.swap.size)}: from the size of the memory")
    if config.network is None:
        lines.append("DHCP on every wired interface")
    return tuple(lines)


def storage_notes(storage: Storage, parts: LayoutParts) -> tuple[str, ...]:
    """What a guided layout leaves to the planner."""
    if storage.custom is not None:
        return ()
    lines: list[str] = []
    if storage.filesystem is None:
        lines.append("root filesystem btrfs: it compresses what it stores")
    if storage.swap is None:
        lines.append("no swap: on a container host, running out of memory is better than swapping")
    if storage.encryption and not storage.lvm and parts.volume_groups:
        lines.append("LVM in the encrypted volume: one passphrase opens all of it")
    return tuple(lines)


def boot_notes(layout: ResolvedLayout) -> tuple[str, ...]:
    """What becomes of the systems that stay: a BIOS starts but one boot loader of a disk."""
    if layout.storage is None or layout.mode is BootMode.EFI:
        return ()
    return tuple(
        f"the boot loader of {disk.disk.path} is replaced: what stays there is not in the new menu"
        for disk, _, _ in bios_places(layout.storage)
        if disk.keep
    )


def is_image(machine: Machine) -> bool:
    """Whether the plan is for an image file, which may start on any machine."""
    return any(disk.transport == IMAGE_TRANSPORT for disk in machine.disks)


def efi_started(machine: Machine) -> bool:
    """Whether there is firmware here that keeps boot entries for the disk."""
    return machine.firmware.mode is FirmwareMode.EFI and not is_image(machine)


def _kind(machine: Machine) -> str:
    if is_image(machine):
        return "not known yet"
    if machine.virtualization == "none":
        return "physical"
    return f"a virtual machine ({machine.virtualization})"


def _missing_tree(config: InstallConfig, kernel: KernelFlavour, payload: PayloadIndex) -> Problem:
    names = ", ".join(tree.name for tree in payload.trees)
    return Problem(
        pointer="/packages",
        message=f"the payload has no tree for the set {config.packages.set} with kernel {kernel}",
        hint=f"it has: {names or 'none'}",
    )
