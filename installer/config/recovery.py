"""Recovery keys: drawn once for each configuration, shown at the end, kept nowhere."""

from __future__ import annotations

import secrets
from dataclasses import replace

from installer.config.model import InstallConfig
from installer.config.storage import Encryption
from installer.secret import Secret

# As systemd writes them: hexadecimal digits that are at the same place on every keyboard.
# https://github.com/systemd/systemd/blob/main/src/shared/recovery-key.c
_DIGITS = "cbdefghijklnrtuv"
_BYTES = 32
_GROUP = 8
_GROUPS_IN_A_LINE = 4


def new_recovery_key() -> Secret:
    """A key of 256 bits in systemd's form: eight groups of eight letters."""
    letters = "".join(
        _DIGITS[byte >> 4] + _DIGITS[byte & 15] for byte in secrets.token_bytes(_BYTES)
    )
    groups = (letters[start : start + _GROUP] for start in range(0, len(letters), _GROUP))
    return Secret("-".join(groups))


def key_lines(key: Secret) -> tuple[str, str]:
    """The groups of a key in two lines, to be read and written down."""
    groups = key.reveal().split("-")
    return "-".join(groups[:_GROUPS_IN_A_LINE]), "-".join(groups[_GROUPS_IN_A_LINE:])


def with_recovery_keys(config: InstallConfig) -> InstallConfig:
    """The configuration with one recovery key for everything that wants one."""
    key = new_recovery_key()
    storage = config.storage
    nouns = storage.nouns
    if nouns is not None:
        encrypted = tuple(
            replace(each, encryption=_ready(each.encryption, key)) for each in nouns.encrypted
        )
        storage = replace(storage, nouns=replace(nouns, encrypted=encrypted))
    if storage.encryption is not None:
        storage = replace(storage, encryption=_ready(storage.encryption, key))
    return replace(config, storage=storage)


def recovery_keys(config: InstallConfig) -> tuple[Secret, ...]:
    """The recovery keys of a configuration that has them drawn; each once."""
    nouns = config.storage.nouns
    found = [each.encryption for each in nouns.encrypted] if nouns else []
    found += [config.storage.encryption] if config.storage.encryption else []
    return tuple(dict.fromkeys(each.recovery_key for each in found if each.recovery_key))


def _ready(encryption: Encryption, key: Secret) -> Encryption:
    return replace(encryption, recovery_key=key) if encryption.with_recovery_key else encryption
