"""The owner's keys in the plan: what signs, what is enrolled, what the host needs of it later."""

from __future__ import annotations

from installer.actions.action import Action
from installer.actions.boot.mok import QueueMok
from installer.actions.boot.owner_keys import (
    BOOT_FOLDER,
    ENTER_SETUP_MODE,
    NOT_IN_SETUP_MODE,
    EnrollOwnerKeys,
    HandOverKeys,
    KeepSigningKey,
    PrepareOwnerKeys,
    SignBootFiles,
)
from installer.actions.host.files import WriteFile
from installer.config.boot import ENTRY_NAME, BootLoader, OwnerKeys
from installer.config.kickstart import InstallConfig
from installer.identifiers import derived_uuid
from installer.machine.facts import Firmware, SecureBoot
from installer.plan.storage.model import EspPlace
from ks_schema.problem import Problem

_NO_SHIM = "a disk for BIOS has no shim, nor what it keeps its keys in"


def key_problems(
    config: InstallConfig, firmware: Firmware, *, efi: bool, image: bool
) -> tuple[Problem, ...]:
    """What the machine cannot give to the owner's keys.

    ``efi`` says that the disk will start on EFI firmware, ``image`` that it is a file, which will
    start on a machine that is not known.
    """
    boot = config.boot
    problems: list[Problem] = []
    keys, mok = boot.owner_keys, boot.machine_owner_key
    if keys is not None and not efi:
        problems.append(_problem("owner_keys", "BIOS firmware knows no keys", "use efi or dual"))
    elif keys is not None and keys.enroll and not image and not _in_setup_mode(firmware):
        problems.append(_problem("owner_keys/enroll", NOT_IN_SETUP_MODE, ENTER_SETUP_MODE))
    if mok is not None and image:
        message = "an image is made before the machine is known that would enroll the certificate"
        hint = 'leave it out, and use "mokutil --import" on the host'
        problems.append(_problem("machine_owner_key", message, hint))
    elif mok is not None and (not efi or firmware.secure_boot is SecureBoot.UNSUPPORTED):
        message = "the machine started without Secure Boot's variables, which would hold the wish"
        hint = "start the installer in EFI mode, or leave it out"
        problems.append(_problem("machine_owner_key", message if efi else _NO_SHIM, hint))
    return tuple(problems)


def key_notes(config: InstallConfig, *, image: bool) -> tuple[str, ...]:
    """What is decided about the owner's keys because nobody said otherwise."""
    keys = config.boot.owner_keys
    if keys is None:
        return ()
    lines: list[str] = []
    if keys.db is None:
        lines.append("the owner's PK, KEK and db are made here: no key was named")
    elif keys.enroll:
        lines.append("the owner's PK and KEK are made here: only db was named")
    if keys.enroll and image:
        lines.append("the owner's keys are not enrolled: the image may start on any machine")
    return tuple(lines)


def host_boot_actions(
    esps: tuple[EspPlace, ...], *, label: str = ENTRY_NAME, grub_cfg: str = ""
) -> tuple[Action, ...]:
    """What photon-boot in the host goes by.

    Its ESPs, the one to be started first; the ``label`` of its boot entry; and a ``grub_cfg`` that
    the ESPs keep whatever upgrades write there ("": the first one's is that of all).
    """
    if not esps:
        return ()
    written = {
        "esps": ("".join(f"{each.partition.guid}\n" for each in esps), 0o644),
        "label": (f"{label}\n", 0o644),
        "grub.cfg": (grub_cfg, 0o600),  # it may have the hash of a password
    }
    return tuple(
        WriteFile(path=f"{BOOT_FOLDER}/{name}", text=text, mode=mode)
        for name, (text, mode) in written.items()
        if text
    )


def signing_actions(config: InstallConfig, seed: str) -> tuple[Action, ...]:
    """Before the root is written out or copied: sign, and leave in the host what belongs there."""
    keys = config.boot.owner_keys
    if keys is None:
        return ()
    return (
        PrepareOwnerKeys(db=keys.db, made=keys.made, host=config.hostname),
        # With systemd-boot it is the image that is signed, and there is no shim.
        *([SignBootFiles(db=keys.db)] if config.boot.loader is BootLoader.GRUB else []),
        KeepSigningKey(db=keys.db, private=keys.stays_on_host),
        *_hand_over(keys, seed),
    )


def enroll_actions(config: InstallConfig, *, image: bool) -> tuple[Action, ...]:
    """After the ESPs are written: what the firmware and shim are told."""
    keys, mok = config.boot.owner_keys, config.boot.machine_owner_key
    actions: list[Action] = []
    if keys is not None and keys.enroll and not image:
        actions.append(EnrollOwnerKeys(microsoft=keys.microsoft))
    if mok is not None and (password := mok.password or mok.drawn):
        actions.append(QueueMok(certificate=mok.certificate, password=password))
    return tuple(actions)


def _hand_over(keys: OwnerKeys, seed: str) -> tuple[Action, ...]:
    passphrase = keys.passphrase or keys.drawn
    if not keys.made or passphrase is None:
        return ()
    return (
        HandOverKeys(
            names=keys.made,
            passphrase=passphrase,
            owner=derived_uuid(seed, "owner-keys"),
            microsoft=keys.microsoft,
        ),
    )


def _in_setup_mode(firmware: Firmware) -> bool:
    return firmware.secure_boot is SecureBoot.SETUP


def _problem(place: str, message: str, hint: str) -> Problem:
    return Problem(pointer=f"/boot/{place}", message=message, hint=hint)
