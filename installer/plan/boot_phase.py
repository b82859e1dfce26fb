"""The last phase of a plan: what makes the disk start, and the proof that it will."""

from __future__ import annotations

from installer.actions.action import Action
from installer.actions.boot import esp, systemd_boot
from installer.actions.boot.bios import EmbedBiosGrub, PrepareBiosGrub
from installer.actions.boot.boot_entry import WriteBootEntry
from installer.actions.boot.esp import WriteEsp
from installer.actions.boot.initramfs import MakeInitramfs
from installer.actions.boot.verify_boot import EspToCheck, VerifyBoot
from installer.actions.host.files import WriteFile
from installer.actions.host.finish import SyncRoot
from installer.boot.layout import DEBIAN
from installer.config.boot import BootLoader, BootMode, BootOrder
from installer.config.kickstart import InstallConfig
from installer.machine.facts import Machine
from installer.plan.boot import loader
from installer.plan.boot.keys import enroll_actions, host_boot_actions, signing_actions
from installer.plan.boot.menu_password import password_actions
from installer.plan.boot.slots import (
    SECOND_ROOT,
    environment_text,
    second_slot_actions,
    seen_from_second,
    slot_files,
    slot_menu_text,
)
from installer.plan.boot.uki import uki_actions, uki_esp_actions, uki_files
from installer.plan.decide import Decisions, efi_started, is_image
from installer.plan.storage import texts
from installer.plan.storage.bootable import all_below, bios_places, esp_places
from installer.plan.storage.model import EspPlace, StoragePlan
from installer.plan.storage.phase import mounted_paths, seal_actions

_LOADERS = {BootLoader.GRUB: esp.LOADER, BootLoader.SYSTEMD_BOOT: systemd_boot.LOADER}
_ORDINALS = ("second", "third", "fourth", "fifth", "sixth", "seventh", "eighth")


def boot_actions(
    config: InstallConfig, machine: Machine, made: Decisions, seed: str
) -> tuple[Action, ...]:
    """The initramfs and the menu first, then a sync, and only then what makes the disks start.

    The owner's keys are enrolled when everything is written that they signed; then comes the check,
    and what the TPM shall open by what that has told.
    """
    if config.boot.loader is BootLoader.SYSTEMD_BOOT:
        return _unified_actions(config, machine, made, seed)
    ab = config.storage.ab
    place = loader.boot_place(made.storage, machine, "a" if ab else "")
    menu = loader.grub_cfg_text(config.boot, made.tree.kernel_version, place)
    defaults = loader.grub_defaults_text(config.boot, place)
    bios = bios_places(made.storage) if made.mode is not BootMode.EFI else ()
    esps = esp_places(made.storage) if made.mode is not BootMode.BIOS else ()
    esp_menu = _esp_menu(config, made.storage, place)
    # With each upgrade grub-install puts its own in its place, which knows no password, no slots.
    kept_menu = esp_menu if ab or config.boot.menu_password else ""
    own_initramfs = texts.dracut_text(made.storage)
    return (
        *([MakeInitramfs(kernel_version=made.tree.kernel_version)] if own_initramfs else []),
        WriteFile(path="/etc/default/grub.d/zz-installer.cfg", text=defaults),
        *loader.terminal_actions(config.boot, place),
        *password_actions(config.boot),
        WriteFile(path=DEBIAN.menu_path, text=menu, mode=0o600),
        *([_bios_grub(made.storage, place)] if bios else []),
        *host_boot_actions(esps, label=config.boot.entry_name, grub_cfg=kept_menu),
        *(signing_actions(config, seed) if esps else ()),
        *(_slot_actions(config, machine, made) if ab else ()),
        SyncRoot(paths=(*mounted_paths(made.storage), *([SECOND_ROOT] if ab else []))),
        *(EmbedBiosGrub(disk=disk.reference, start=start, size=size) for disk, start, size in bios),
        *(_efi_actions(config, machine, esps, esp_menu) if esps else ()),
        *(enroll_actions(config, image=is_image(machine)) if esps else ()),
        _proof(config, made, machine),
        *seal_actions(made.storage),
    )


def _unified_actions(
    config: InstallConfig, machine: Machine, made: Decisions, seed: str
) -> tuple[Action, ...]:
    """The same with systemd-boot: one signed image in place of kernel, initramfs and menu."""
    version, esps = made.tree.kernel_version, esp_places(made.storage)
    entries = [_boot_entry(config, each, number) for number, each in enumerate(esps)]
    return (
        *uki_files(config.boot, loader.boot_place(made.storage, machine)),
        MakeInitramfs(kernel_version=version),
        *host_boot_actions(esps, label=config.boot.entry_name, grub_cfg=""),
        *signing_actions(config, seed),
        *uki_actions(config.boot, version),
        SyncRoot(paths=mounted_paths(made.storage)),
        *uki_esp_actions(config.boot, esps, version),
        *(reversed(entries) if efi_started(machine) else ()),
        *enroll_actions(config, image=is_image(machine)),
        _proof(config, made, machine),
        *seal_actions(made.storage),
    )


def _bios_grub(storage: StoragePlan, place: loader.BootPlace) -> PrepareBiosGrub:
    lower = all_below(storage, storage.boot.volume)
    return PrepareBiosGrub(
        filesystem=storage.boot.kind,
        uuid=place.uuid,
        folder=place.folder,
        arrays=any(each.startswith("array/") for each in lower),
    )


def _slot_actions(config: InstallConfig, machine: Machine, made: Decisions) -> tuple[Action, ...]:
    """What makes two systems of one."""
    second, version = seen_from_second(made.storage), made.tree.kernel_version
    place = loader.boot_place(second, machine, "b")
    return (
        *slot_files(config.boot, made.storage, place),
        *second_slot_actions(config.boot, place, version, second, made.swap),
    )


def _esp_menu(config: InstallConfig, storage: StoragePlan, place: loader.BootPlace) -> str:
    """The grub.cfg of the ESPs."""
    if config.storage.ab:
        return slot_menu_text(config.boot, storage, place)
    return loader.esp_grub_cfg_text(place, config.boot)


def _efi_actions(
    config: InstallConfig, machine: Machine, esps: tuple[EspPlace, ...], menu: str
) -> tuple[Action, ...]:
    environment = environment_text() if config.storage.ab else ""
    written = [
        WriteEsp(
            volume=each.filesystem.volume,
            grub_cfg=menu,
            environment=environment,
            label=config.boot.entry_name,
            signed=config.boot.owner_keys is not None,
        )
        for each in esps
    ]
    if not efi_started(machine):
        return tuple(written)
    # Each entry is put before those that are there: the first disk's comes last.
    entries = [_boot_entry(config, each, number) for number, each in enumerate(esps)]
    return (*written, *reversed(entries))


def _boot_entry(config: InstallConfig, esp: EspPlace, number: int) -> WriteBootEntry:
    return WriteBootEntry(
        disk=esp.disk.reference,
        partition=esp.partition.number,
        partition_guid=esp.partition.guid,
        label=_label(config, number),
        order=config.boot.order,
        loader=_LOADERS[config.boot.loader],
    )


def _label(config: InstallConfig, number: int) -> str:
    which = f" ({_ORDINALS[number - 1]} disk)" if number else ""
    return f"{config.boot.entry_name}{which}"


def _proof(config: InstallConfig, made: Decisions, machine: Machine) -> VerifyBoot:
    bios = bios_places(made.storage) if made.mode is not BootMode.EFI else ()
    esps = esp_places(made.storage) if made.mode is not BootMode.BIOS else ()
    owner = config.boot.owner_keys
    return VerifyBoot(
        mode=made.mode,
        esps=tuple(
            EspToCheck(
                volume=each.filesystem.volume,
                partition_guid=each.partition.guid,
                label=_label(config, number),
            )
            for number, each in enumerate(esps)
        ),
        bios=tuple(disk.reference for disk, _, _ in bios),
        elsewhere=not efi_started(machine),
        ordered=config.boot.order is not BootOrder.LEAVE,
        enforcing=owner is not None and owner.enroll and not is_image(machine),
    )
