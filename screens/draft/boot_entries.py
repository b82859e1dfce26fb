"""What the boot loader's screen says, in the kickstart's words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from installer.config.boot import PKCS11, BootLoader, BootMode
from screens.draft.entries import Entry, words

if TYPE_CHECKING:
    from installer.machine.facts import Machine
    from screens.draft.draft import Draft

# How the draft says where the owner's keys come from; "" is: there are none.
MADE, GIVEN = "made", "given"


def boot_entries(draft: Draft, menu_hash: str | None) -> Iterator[Entry]:
    """All of ``boot``; what the firmware or the loader does not have is left out."""
    required = "required" if draft.secure_boot == "required" else None
    yield Entry(field="boot_mode", path=("boot", "mode"), value=draft.boot_mode or None)
    yield Entry(field="secure_boot", path=("boot", "secure_boot"), value=required)
    for field, key in _TEXTS:
        text = getattr(draft, field).strip()
        yield Entry(field=field, path=("boot", key), value=text or None)
    password = None if unified(draft) else menu_hash
    yield Entry(field="menu_password", path=("boot", "menu_password", "hash"), value=password)
    yield from words(
        "kernel_arguments", ("boot", "kernel_arguments"), draft.kernel_arguments, commas=False
    )
    profile = "kspp" if draft.hardening else None
    yield Entry(field="hardening", path=("boot", "hardening"), value=profile)
    if draft.boot_mode == "bios":
        return
    order = draft.boot_order if draft.boot_order != "first" else None
    yield Entry(field="boot_order", path=("boot", "order"), value=order)
    yield from _owner_entries(draft)
    if not unified(draft):
        yield from _machine_owner_entries(draft)


_TEXTS = (
    ("entry_name", "entry_name"),
    ("boot_timeout", "timeout"),
    ("boot_console", "console"),
)


def _owner_entries(draft: Draft) -> Iterator[Entry]:
    if not draft.owner_keys:
        return
    place = ("boot", "owner_keys")
    yield Entry(field="owner_keys", path=place, value={})
    if draft.owner_keys == GIVEN:
        certificate, key = draft.db_certificate.strip(), draft.db_key.strip()
        yield Entry(field="db_certificate", path=(*place, "db", "certificate"), value=certificate)
        yield Entry(field="db_key", path=(*place, "db", "key"), value=key)
        pin = draft.token_pin.reveal() if in_token(draft) else ""
        yield Entry(field="token_pin", path=(*place, "db", "pin", "plain"), value=pin or None)
    else:
        typed = draft.owner_passphrase.reveal() or None
        yield Entry(field="owner_passphrase", path=(*place, "passphrase", "plain"), value=typed)
    loader = BootLoader.SYSTEMD_BOOT if unified(draft) else None
    yield Entry(field="loader", path=("boot", "loader"), value=loader and str(loader))
    for field, key, usual in (
        ("owner_enroll", "enroll", True),
        ("owner_microsoft", "microsoft", True),
        ("owner_on_host", "on_host", not in_token(draft)),
    ):
        said = bool(getattr(draft, field)) if usual else False
        yield Entry(field=field, path=(*place, key), value=None if said == usual else said)


def _machine_owner_entries(draft: Draft) -> Iterator[Entry]:
    certificate = draft.mok_certificate.strip()
    if not certificate:
        return
    place = ("boot", "machine_owner_key")
    typed = draft.mok_password.reveal() or None
    yield Entry(field="mok_certificate", path=(*place, "certificate"), value=certificate)
    yield Entry(field="mok_password", path=(*place, "password", "plain"), value=typed)


def in_token(draft: Draft) -> bool:
    """The owner's key is one that does not leave its token."""
    return draft.owner_keys == GIVEN and draft.db_key.strip().startswith(PKCS11)


def boot_mode(draft: Draft, machine: Machine | None) -> BootMode:
    """The firmware that the disk will start on; the machine's, unless another one is said."""
    machine_mode = machine.firmware.mode.value if machine else BootMode.EFI
    return BootMode(draft.boot_mode or machine_mode)


def unified(draft: Draft) -> bool:
    """systemd-boot starts images that the owner has signed as a whole."""
    chosen = draft.loader == BootLoader.SYSTEMD_BOOT
    return chosen and bool(draft.owner_keys) and draft.boot_mode in {"", "efi"}
