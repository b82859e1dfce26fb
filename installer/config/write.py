"""From the configuration back to a document, with hashes in the place of passwords."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from installer.config.boot_data import boot_data
from installer.config.disks import disk_data
from installer.config.model import (
    Ethernet,
    Finish,
    InstallConfig,
    Packages,
    Root,
    Script,
    SudoRule,
    User,
)
from installer.config.password import Password, password_data
from installer.config.password_hash import account_hash, menu_hash
from installer.config.storage_data import storage_data

Data = dict[str, Any]


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


def to_document(config: InstallConfig) -> Data:
    """The kickstart that gives this configuration; what has its default is left out.

    :raises ValueError: there is a plain password; :func:`hash_passwords` comes first.
    """
    defaults = InstallConfig(disks=())
    data: Data = {} if config.schema is None else {"$schema": config.schema}
    data["version"] = 1
    for key in ("hostname", "locale", "keyboard", "timezone"):
        said = _unless_default(config, defaults, key)
        data |= {name: str(value) for name, value in said.items()}
    data["disks"] = {disk.name: disk_data(disk) for disk in config.disks}
    data |= _unless_empty(
        storage=storage_data(config.storage),
        boot=boot_data(config.boot),
        packages=_packages(config.packages),
    )
    if config.network is not None:
        data["network"] = {"ethernets": {each.name: _ethernet(each) for each in config.network}}
    return data | _unless_empty(
        root=_account(config.root),
        users=[_user(user) for user in config.users],
        services={unit: str(state) for unit, state in config.services},
        scripts=_unless_empty(
            post=[_script(number, each) for number, each in enumerate(config.post_scripts, start=1)]
        ),
        finish=_finish(config.finish),
    )


def _hashed(password: Password, salt: str | None) -> Password:
    if password.plain is None:
        return password
    return Password(hashed=account_hash(password.plain, salt=salt))


def _hashed_for_menu(password: Password | None, salt: str | None) -> Password | None:
    if password is None or password.plain is None:
        return password
    return Password(hashed=menu_hash(password.plain, salt=salt))


def _unless_empty(**values: Any) -> Data:
    """The values that say something: neither None nor empty nor false."""
    return {key: value for key, value in values.items() if value}


def _unless_default(value: object, default: object, *names: str) -> Data:
    return {
        name: getattr(value, name)
        for name in names
        if getattr(value, name) != getattr(default, name)
    }


def _packages(packages: Packages) -> Data:
    # The set is said even when it is the default: it is the first thing a reader looks for.
    return {"set": str(packages.set)} | _unless_empty(
        kernel=packages.kernel and str(packages.kernel)
    )


def _ethernet(ethernet: Ethernet) -> Data:
    return _unless_empty(
        match=_unless_empty(macaddress=ethernet.match_mac, name=ethernet.match_name),
        dhcp4=ethernet.dhcp4,
        dhcp6=ethernet.dhcp6,
        addresses=list(ethernet.addresses),
        routes=[{"to": route.to, "via": route.via} for route in ethernet.routes],
        nameservers=_unless_empty(
            addresses=list(ethernet.nameservers), search=list(ethernet.search_domains)
        ),
        mtu=ethernet.mtu,
    )


def _account(account: Root | User) -> Data:
    return _unless_empty(password=password_data(account.password), ssh_keys=list(account.ssh_keys))


def _user(user: User) -> Data:
    data = _unless_default(user, User(name=""), "name", "full_name", "uid", "shell")
    sudo = None if user.sudo is SudoRule.NONE else str(user.sudo)
    return data | _unless_empty(groups=list(user.groups), sudo=sudo) | _account(user)


def _script(number: int, script: Script) -> Data:
    standard = Script(name=f"post-{number}", lines=())
    said = _unless_default(script, standard, "name")
    timeout = {} if script.timeout == standard.timeout else {"timeout": _duration(script.timeout)}
    return said | {"run": list(script.lines)} | timeout


def _duration(seconds: float) -> str | float:
    return f"{int(seconds)} s" if seconds == int(seconds) else seconds


def _finish(finish: Finish) -> Data:
    said = _unless_default(finish, Finish(), "on_success", "on_failure")
    return {key: str(value) for key, value in said.items()}
