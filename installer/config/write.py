"""From the configuration back to a document, with hashes in the place of passwords."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from installer.config.kickstart import InstallConfig
from installer.config.password import Password
from installer.config.password_hash import account_hash, menu_hash
from installer.config.words import written


def hash_passwords(config: InstallConfig, *, salt: str | None = None) -> InstallConfig:
    """The configuration with a hash in the place of each plain password.

    ``salt`` is drawn for each; only tests give one (:mod:`installer.config.password_hash`).
    """
    return replace(
        config,
        boot=replace(config.boot, menu_password=_hashed_for_menu(config.boot.menu_password, salt)),
        root=replace(config.root, password=_hashed(config.root.password, salt)),
        users=tuple(replace(user, password=_hashed(user.password, salt)) for user in config.users),
    )


def to_document(config: InstallConfig) -> dict[str, Any]:
    """The kickstart that gives this configuration; what has its default is left out.

    What opens disks and keys is to be asked for.

    :raises ValueError: there is a plain password; :func:`hash_passwords` comes first.
    """
    return written(config)


def _hashed(password: Password, salt: str | None) -> Password:
    if password.plain is None:
        return password
    return Password(hashed=account_hash(password.plain, salt=salt))


def _hashed_for_menu(password: Password | None, salt: str | None) -> Password | None:
    if password is None or password.plain is None:
        return password
    return Password(hashed=menu_hash(password.plain, salt=salt))
