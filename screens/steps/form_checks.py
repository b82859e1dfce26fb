"""What the screens ask for beyond the kickstart's own rules."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from installer.machine.facts import Machine, SecureBoot
from installer.secret import Secret
from screens.draft.boot_entries import GIVEN, MADE, unified
from screens.draft.custom_layout import asked_for
from screens.draft.draft import (
    ACCOUNTS,
    NOTHING,
    Draft,
    hash_of,
    password_problem,
    typed_differently,
)
from screens.draft.storage_entries import MIRROR
from screens.forms import FieldProblem
from screens.steps.firmware import has_tpm2

SHORTEST_PASSPHRASE = 8
# The disks of a mirror beside the first, as the schema has it.
_MOST_OTHERS = 7


def form_problems(
    draft: Draft, machine: Machine | None = None, *, usable: bool = True
) -> tuple[FieldProblem, ...]:
    """What the screens ask for beyond the kickstart's own rules.

    ``usable`` says that there is a disk that can be chosen.
    """
    return (
        *_disk_problems(draft, usable=usable),
        *_layout_problems(draft, machine),
        *_encryption_problems(draft, machine),
        *_key_problems(draft, machine),
        *_network_problems(draft),
        *_account_problems(draft),
    )


def _disk_problems(draft: Draft, *, usable: bool) -> Iterator[FieldProblem]:
    if not draft.disk:
        hint = "select a disk to continue" if usable else "attach one that can be used, and rescan"
        yield FieldProblem(field="disk", message="No disk is selected", hint=hint)


def _layout_problems(draft: Draft, machine: Machine | None) -> Iterator[FieldProblem]:
    if len(draft.mirror) > _MOST_OTHERS and draft.layout == "whole_disk":
        yield FieldProblem(
            field=f"{MIRROR}{draft.mirror[0]}",
            message=f"A mirror has at most {_MOST_OTHERS + 1} disks",
            hint=f"remove {len(draft.mirror) - _MOST_OTHERS} of them",
        )
    if draft.layout != "free_space":
        return
    disks = machine.disks if machine else ()
    if any(disk.path == draft.disk and not disk.table for disk in disks):
        yield FieldProblem(
            field="layout",
            message="The disk has no partition table",
            hint="use the entire disk, or select another one",
        )
    for path in draft.mirror:
        yield FieldProblem(
            field=f"{MIRROR}{path}",
            message="Mirroring needs the entire disk",
            hint="turn it off, or use the entire disk",
        )
    if draft.preserve:
        yield FieldProblem(
            field="preserve",
            message="The existing host stays on the disk",
            hint="turn this off, or use the entire disk: two hosts cannot have one identity",
        )


def _encryption_problems(draft: Draft, machine: Machine | None) -> Iterator[FieldProblem]:
    if draft.edited is not None:
        for name in asked_for(draft.edited.now):
            message = f"The passphrase of {name} is not typed yet"
            yield FieldProblem(field="layout", message=message, hint="edit the partitions")
        return
    if not draft.encryption:
        return
    if draft.passphrase != draft.passphrase_again:
        yield FieldProblem(
            field="passphrase_again",
            message="The two passphrases differ",
            hint="type the same one in both fields",
        )
    if problem := passphrase_problem(draft.passphrase):
        yield replace(problem, field="passphrase")
    elif draft.passphrase == NOTHING and not draft.tpm2:
        yield replace(no_passphrase(tpm2=has_tpm2(machine)), field="passphrase")


def no_passphrase(*, tpm2: bool) -> FieldProblem:
    """What is wrong where nothing opens a volume; ``tpm2`` says that a TPM could."""
    hint = f"at least {SHORTEST_PASSPHRASE} characters"
    return FieldProblem(
        field="",
        message="Enter a passphrase",
        hint=f"{hint}, or unlock with TPM 2.0" if tpm2 else hint,
    )


def passphrase_problem(passphrase: Secret) -> FieldProblem | None:
    """Why a typed passphrase will not do."""
    if not 0 < len(passphrase.reveal()) < SHORTEST_PASSPHRASE:
        return None
    return FieldProblem(
        field="",
        message="The passphrase is too short",
        hint=f"at least {SHORTEST_PASSPHRASE} characters",
    )


def _key_problems(draft: Draft, machine: Machine | None) -> Iterator[FieldProblem]:
    if not draft.owner_keys or draft.boot_mode == "bios":
        return
    if draft.owner_keys == MADE and draft.owner_passphrase != draft.owner_passphrase_again:
        yield FieldProblem(
            field="owner_passphrase_again",
            message="The two passphrases differ",
            hint="type the same one in both fields",
        )
    if draft.owner_keys == GIVEN and not draft.db_certificate.strip():
        yield FieldProblem(
            field="db_certificate",
            message="Enter a certificate",
            hint="enter the absolute path of a PEM file",
        )
    if draft.owner_keys == GIVEN and not draft.db_key.strip():
        yield FieldProblem(
            field="db_key",
            message="Enter a private key",
            hint="enter the absolute path of a PEM file, or pkcs11:...",
        )
    if draft.owner_enroll and machine and machine.firmware.secure_boot is not SecureBoot.SETUP:
        yield FieldProblem(
            field="owner_enroll",
            message="This firmware is not in Setup Mode",
            hint="clear the platform key in firmware setup, or turn this off if it has your keys",
        )


def _network_problems(draft: Draft) -> Iterator[FieldProblem]:
    if draft.network != "static":
        return
    if not draft.interface:
        yield FieldProblem(
            field="interface",
            message="No interface is selected",
            hint="select the one with the cable",
        )
    if not (draft.address4.strip() or draft.address6.strip()):
        yield FieldProblem(
            field="address4",
            message="Enter an address",
            hint="with its prefix length, like 192.0.2.5/24",
        )


def _account_problems(draft: Draft) -> Iterator[FieldProblem]:
    # systemd-boot asks for no password: what was typed for GRUB's menu waits unused.
    asked = (each for each in ACCOUNTS if not (each.menu and unified(draft)))
    for account in asked:
        if wrong := password_problem(draft, account):
            yield FieldProblem(field=account.typed, message=wrong[0], hint=wrong[1])
        if typed_differently(draft, account):
            yield FieldProblem(
                field=account.again,
                message="The two passwords differ",
                hint="type the same one in both fields",
            )
    if draft.user_name.strip() == "root":
        yield FieldProblem(
            field="user_name",
            message="root already exists",
            hint="set its password above; enter another name, or none",
        )
    if draft.user_name:
        yield from _sudo_problems(draft)
        return
    for field in ("user_password", "user_full_name", "user_groups"):
        if getattr(draft, field) not in {"", NOTHING}:
            yield FieldProblem(
                field="user_name",
                message="The user has no name",
                hint="type one, or empty the fields below",
            )
            return


def _sudo_problems(draft: Draft) -> Iterator[FieldProblem]:
    if draft.user_sudo == "password" and hash_of(draft, ACCOUNTS[1]) is None:
        yield FieldProblem(
            field="user_sudo",
            message="This user has no password for sudo",
            hint="set one, or choose another option",
        )
