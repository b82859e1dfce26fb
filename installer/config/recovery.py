"""Secrets that are drawn once for each configuration, shown at the end, and kept nowhere."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace

from installer.config.boot import Boot
from installer.config.kickstart import InstallConfig
from installer.config.storage import Encryption
from installer.secret import Secret

# As systemd writes them: hexadecimal digits that are at the same place on every keyboard.
# https://github.com/systemd/systemd/blob/main/src/shared/recovery-key.c
_DIGITS = "cbdefghijklnrtuv"
_BYTES = 32
_GROUP = 8
_GROUPS_IN_A_LINE = 4
_MOK_LETTERS = 12
_ENCRYPTED = (
    "It opens the encrypted volumes when",
    "the passphrase is forgotten or the",
    "TPM refuses. It is kept nowhere.",
)
_OWNER_KEYS = (
    "It opens the owner's own Secure Boot",
    "keys, *.p12 in the host's directory",
    "/var/lib/photon-boot/keys. It is kept",
    "nowhere.",
)
_MOK = (
    "MokManager asks for it at the next",
    "start. Press a key there, then choose",
    "Enroll MOK, Continue and Yes, type",
    "it, and choose Reboot.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownOnce:
    """A secret for people to write down: what it is called, and what it is for, line by line."""

    title: str
    purpose: tuple[str, ...]
    secret: Secret


def new_recovery_key() -> Secret:
    """A key of 256 bits in systemd's form: eight groups of eight letters."""
    letters = "".join(
        _DIGITS[byte >> 4] + _DIGITS[byte & 15] for byte in secrets.token_bytes(_BYTES)
    )
    groups = (letters[start : start + _GROUP] for start in range(0, len(letters), _GROUP))
    return Secret("-".join(groups))


def new_mok_password() -> Secret:
    """A password of 48 bits, in letters that are at the same place on MokManager's keyboard."""
    return Secret("".join(secrets.choice(_DIGITS) for _ in range(_MOK_LETTERS)))


def key_lines(key: Secret) -> tuple[str, ...]:
    """A key in two lines of groups, to be read and written down; one of one group in one line."""
    groups = key.reveal().split("-")
    halves = groups[:_GROUPS_IN_A_LINE], groups[_GROUPS_IN_A_LINE:]
    return tuple("-".join(half) for half in halves if half)


def with_drawn_secrets(config: InstallConfig) -> InstallConfig:
    """The configuration with everything that is drawn: one recovery key for all that wants one."""
    key = new_recovery_key()
    storage = config.storage
    encrypted = tuple(
        replace(each, encryption=_ready(each.encryption, key)) for each in storage.parts.encrypted
    )
    storage = replace(storage, parts=replace(storage.parts, encrypted=encrypted))
    if storage.encryption is not None:
        storage = replace(storage, encryption=_ready(storage.encryption, key))
    return replace(config, storage=storage, boot=_with_passwords(config.boot))


def shown_once(config: InstallConfig) -> tuple[ShownOnce, ...]:
    """What people have to be shown of what was drawn for a configuration; each once."""
    shown = [
        ShownOnce(title="Recovery key", purpose=_ENCRYPTED, secret=key)
        for key in _recovery_keys(config)
    ]
    keys, mok = config.boot.owner_keys, config.boot.machine_owner_key
    if keys is not None and keys.drawn is not None:
        title = "Passphrase of the keys"
        shown.append(ShownOnce(title=title, purpose=_OWNER_KEYS, secret=keys.drawn))
    if mok is not None and mok.drawn is not None:
        shown.append(ShownOnce(title="MOK password", purpose=_MOK, secret=mok.drawn))
    return tuple(shown)


def _with_passwords(boot: Boot) -> Boot:
    keys, mok = boot.owner_keys, boot.machine_owner_key
    if keys is not None and keys.made and keys.passphrase is None:
        keys = replace(keys, drawn=new_recovery_key())
    if mok is not None and mok.password is None:
        mok = replace(mok, drawn=new_mok_password())
    return replace(boot, owner_keys=keys, machine_owner_key=mok)


def _recovery_keys(config: InstallConfig) -> tuple[Secret, ...]:
    found = [each.encryption for each in config.storage.parts.encrypted]
    found += [config.storage.encryption] if config.storage.encryption else []
    return tuple(dict.fromkeys(each.drawn for each in found if each.drawn))


def _ready(encryption: Encryption, key: Secret) -> Encryption:
    return replace(encryption, drawn=key) if encryption.with_recovery_key else encryption
