"""How a kickstart speaks of the boot loader: read into parts, and written down again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from installer.config.boot import (
    ENTRY_NAME,
    PKCS11,
    TIMEOUT_SECONDS,
    Boot,
    BootLoader,
    BootMode,
    BootOrder,
    Hardening,
    MachineOwnerKey,
    OwnerKeys,
    SigningKey,
)
from installer.config.boot_certificate import is_pem
from installer.config.password import password, password_data
from installer.secret import Secret
from installer.sizes import parse_duration

# Where the secrets of the boot loader are said: JSON pointers.
MENU = "/boot/menu_password"
HAND_OVER = "/boot/owner_keys/passphrase"
PIN = "/boot/owner_keys/db/pin"
MOK = "/boot/machine_owner_key/password"
_ASKED = {"ask": True}

Data = Mapping[str, Any]
# The texts of secrets by the pointers of the objects that speak of them.
Secrets = Mapping[str, Secret]


def boot(data: Data, secrets: Secrets) -> Boot:
    """The configuration of ``boot``; ``secrets`` has what its passwords stand for."""
    asked, mok = data.get("menu_password"), data.get("machine_owner_key")
    return Boot(
        mode=BootMode(data["mode"]) if "mode" in data else None,
        loader=BootLoader(data.get("loader", BootLoader.GRUB)),
        secure_boot_required=data.get("secure_boot") == "required",
        entry_name=data.get("entry_name", ENTRY_NAME),
        order=BootOrder(data.get("order", BootOrder.FIRST)),
        timeout=int(parse_duration(data.get("timeout", TIMEOUT_SECONDS))),
        menu_password=None if asked is None else password(asked, secrets.get(MENU)),
        kernel_arguments=tuple(data.get("kernel_arguments", ())),
        hardening=Hardening(data.get("hardening", Hardening.NONE)),
        console=data.get("console"),
        owner_keys=_owner_keys(data["owner_keys"], secrets) if "owner_keys" in data else None,
        machine_owner_key=None
        if mok is None
        else MachineOwnerKey(
            certificate=_certificate(mok["certificate"]),
            password=secrets.get(MOK),
        ),
    )


def boot_data(boot: Boot) -> dict[str, Any]:
    """What ``boot`` says to give this configuration.

    What opens or encrypts keys is to be asked for, as an encrypted volume's passphrase is.

    :raises ValueError: the menu has a plain password; hash it first.
    """
    keys, mok = boot.owner_keys, boot.machine_owner_key
    return _said(
        mode=boot.mode and str(boot.mode),
        loader="" if boot.loader is BootLoader.GRUB else str(boot.loader),
        secure_boot="required" if boot.secure_boot_required else None,
        entry_name="" if boot.entry_name == ENTRY_NAME else boot.entry_name,
        order="" if boot.order is BootOrder.FIRST else str(boot.order),
        timeout="" if boot.timeout == TIMEOUT_SECONDS else f"{boot.timeout} s",
        menu_password=boot.menu_password and password_data(boot.menu_password),
        kernel_arguments=list(boot.kernel_arguments),
        hardening="" if boot.hardening is Hardening.NONE else str(boot.hardening),
        console=boot.console,
    ) | {
        **({} if keys is None else {"owner_keys": _owner_keys_data(keys)}),
        **({} if mok is None else {"machine_owner_key": _machine_owner_key_data(mok)}),
    }


def _owner_keys(data: Data, secrets: Secrets) -> OwnerKeys:
    db = data.get("db")
    return OwnerKeys(
        db=db and _signing_key(db, secrets),
        passphrase=secrets.get(HAND_OVER),
        enroll=data.get("enroll", True),
        microsoft=data.get("microsoft", True),
        on_host=data.get("on_host", _can_move(db["key"] if db else "")),
    )


def _signing_key(data: Data, secrets: Secrets) -> SigningKey:
    certificate = _certificate(data["certificate"])
    return SigningKey(certificate=certificate, key=data["key"], pin=secrets.get(PIN))


def _certificate(said: str | Data) -> str:
    return said if isinstance(said, str) else str(said["pem"])


def _owner_keys_data(keys: OwnerKeys) -> dict[str, Any]:
    db = keys.db
    usual = _can_move(db.key if db else "")
    return {
        **({} if db is None else {"db": _signing_key_data(db)}),
        **_said(passphrase=keys.passphrase and _ASKED),
        **({} if keys.enroll else {"enroll": False}),
        **({} if keys.microsoft else {"microsoft": False}),
        **({} if keys.on_host == usual else {"on_host": keys.on_host}),
    }


def _signing_key_data(key: SigningKey) -> dict[str, Any]:
    certificate = _certificate_data(key.certificate)
    return {"certificate": certificate, "key": key.key} | _said(pin=key.pin and _ASKED)


def _machine_owner_key_data(key: MachineOwnerKey) -> dict[str, Any]:
    certificate = _certificate_data(key.certificate)
    return {"certificate": certificate} | _said(password=key.password and _ASKED)


def _certificate_data(certificate: str) -> str | dict[str, str]:
    return {"pem": certificate} if is_pem(certificate) else certificate


def _can_move(key: str) -> bool:
    """Whether a private key can be copied into the host: one in a token stays there."""
    return not key.startswith(PKCS11)


def _said(**values: Any) -> dict[str, Any]:
    """The values that say something: neither None nor empty."""
    return {key: value for key, value in values.items() if value}
