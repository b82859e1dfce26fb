"""Who and what the installed host is: names, languages, accounts, units, mounts."""

from __future__ import annotations

import itertools
from dataclasses import replace

from installer.actions.action import Action
from installer.actions.host.accounts import CreateGroup, CreateUser, SetPassword
from installer.actions.host.files import GenerateLocale, MakeLink, SetTimezone, WriteFile
from installer.actions.host.keyboard import SaveKeymap
from installer.actions.host.services import RunScript, SetUnits
from installer.config.accounts import SudoRule, User
from installer.config.host_names import needs_generating
from installer.config.kickstart import InstallConfig, ServiceState
from installer.config.units import unit_name
from installer.payload.index import PayloadTree
from installer.plan.host.contents import has_unit
from installer.plan.host.keyboard import KERNEL_KEYBOARD, keyboard_text

FIRST_UID = 1000
_SUDO_TAGS = {SudoRule.PASSWORD: "", SudoRule.NO_PASSWORD: "NOPASSWD: "}


def identity_actions(config: InstallConfig, machine_id: str) -> tuple[Action, ...]:
    """Host name, locale, keyboard, time zone, machine-id ("" lets the first start draw one)."""
    locale = config.locale
    generate: tuple[Action, ...] = ()
    if needs_generating(locale):
        generate = (GenerateLocale(locale=locale),)
    return (
        WriteFile(path="/etc/machine-id", text=f"{machine_id}\n" if machine_id else "", mode=0o444),
        WriteFile(path="/etc/hostname", text=f"{config.hostname}\n"),
        WriteFile(path="/etc/hosts", text=hosts_text(config.hostname)),
        *generate,
        WriteFile(path="/etc/locale.conf", text=f"LANG={locale}\n"),
        MakeLink(path="/etc/default/locale", to="../locale.conf"),
        WriteFile(path="/etc/default/keyboard", text=keyboard_text(config.keyboard)),
        *((SaveKeymap(),) if config.keyboard != KERNEL_KEYBOARD else ()),
        SetTimezone(zone=config.timezone),
    )


def hosts_text(hostname: str) -> str:
    """``/etc/hosts``: the host knows its own name without any network."""
    short = hostname.partition(".")[0]
    names = hostname if short == hostname else f"{hostname} {short}"
    return f"127.0.0.1 localhost\n127.0.1.1 {names}\n::1 localhost ip6-localhost ip6-loopback\n"


def account_actions(config: InstallConfig, tree: PayloadTree) -> tuple[Action, ...]:
    """Groups, users, passwords, keys and sudo rules."""
    users = numbered_users(config.users)
    own = {user.name for user in users}
    asked = {group for user in users for group in user.groups}
    # Every group before the first user: one user may be in another's group.
    actions: list[Action] = [CreateGroup(name=name) for name in sorted(asked - own - tree.groups)]
    actions += [CreateGroup(name=user.name, gid=user.uid) for user in users]
    actions.append(SetPassword(user="root", hashed=config.root.password.hashed))
    if config.root.ssh_keys:
        actions.append(_authorized_keys("/root", config.root.ssh_keys, 0))
    for user in users:
        actions += _user_actions(user)
    return tuple(actions)


def numbered_users(users: tuple[User, ...]) -> tuple[User, ...]:
    """The users with a number each: the one asked for, else the next free from 1000 on."""
    taken = {user.uid for user in users if user.uid is not None}
    free = (number for number in itertools.count(FIRST_UID) if number not in taken)
    return tuple(user if user.uid is not None else replace(user, uid=next(free)) for user in users)


def unit_actions(config: InstallConfig, tree: PayloadTree) -> tuple[Action, ...]:
    """The states of units; a given key switches sshd on, a layout what loads it, if not said."""
    wanted = {unit_name(name): state for name, state in config.services}
    unsaid = ["ssh.service"] if has_ssh_keys(config) else []
    unsaid += ["keyboard-setup.service"] if config.keyboard != KERNEL_KEYBOARD else []
    for unit in unsaid:
        if has_unit(tree, unit):
            wanted.setdefault(unit, ServiceState.ENABLED)
    return tuple(
        SetUnits(state=state.value, units=tuple(sorted(units)))
        for state in ServiceState
        if (units := [name for name, each in wanted.items() if each is state])
    )


def has_ssh_keys(config: InstallConfig) -> bool:
    """Whether anyone can log in with a key."""
    return bool(config.root.ssh_keys or any(user.ssh_keys for user in config.users))


def script_actions(config: InstallConfig) -> tuple[Action, ...]:
    """The kickstart's scripts, in order."""
    return tuple(
        RunScript(name=name, text=script_text(script.run), timeout=script.timeout)
        for name, script in config.scripts.named_post
    )


def script_text(lines: tuple[str, ...]) -> str:
    """A script's lines as a file; without a ``#!`` line it is one for sh that stops at errors."""
    start = () if lines and lines[0].startswith("#!") else ("#!/bin/sh -e",)
    return "\n".join((*start, *lines)) + "\n"


def _user_actions(user: User) -> list[Action]:
    uid = FIRST_UID if user.uid is None else user.uid
    actions: list[Action] = [
        CreateUser(
            name=user.name,
            uid=uid,
            full_name=user.full_name,
            groups=user.groups,
            shell=user.shell,
        ),
        SetPassword(user=user.name, hashed=user.password.hashed),
    ]
    if user.ssh_keys:
        actions.append(_authorized_keys(f"/home/{user.name}", user.ssh_keys, uid))
    if user.sudo is not SudoRule.NONE:
        rule = f"{user.name} ALL=(ALL:ALL) {_SUDO_TAGS[user.sudo]}ALL\n"
        # sudo passes over file names with a dot in them. A user name may have dots, but no plus
        name = user.name.replace(".", "+")
        actions.append(WriteFile(path=f"/etc/sudoers.d/50-{name}", text=rule, mode=0o440))
    return actions


def _authorized_keys(home: str, keys: tuple[str, ...], owner: int) -> WriteFile:
    text = "".join(f"{key}\n" for key in keys)
    return WriteFile(path=f"{home}/.ssh/authorized_keys", text=text, mode=0o600, owner=owner)
