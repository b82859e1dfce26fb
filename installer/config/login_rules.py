"""Rules about accounts: that somebody can log in, and that no two are the same."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import PurePosixPath
from typing import Any

from installer.config.sound import Sound
from installer.config.ssh_keys import key_fault, key_opens
from installer.config.units import switched_off
from ks_schema import Problem
from ks_schema.syntax import child
from ks_schema.wording import quoted

# Names of Debian's base-passwd and of the packages that are installed: making such a user, or the
# group of its name, fails or takes over a service's account.
_SYSTEM_NAMES = frozenset(
    {
        "_apt", "_chrony", "adm", "audio", "backup", "bin", "cdrom", "crontab", "daemon",
        "dialout", "dip", "disk", "docker", "fax", "floppy", "games", "gnats", "input", "irc",
        "kmem", "kvm", "list", "lp", "mail", "man", "messagebus", "news", "nobody", "nogroup",
        "operator", "plugdev", "polkitd", "proxy", "render", "root", "sasl", "sgx", "shadow",
        "src", "sshd", "staff", "sudo", "sync", "sys", "systemd-coredump", "systemd-journal",
        "systemd-network", "systemd-resolve", "systemd-timesync", "tape", "tcpdump", "tss",
        "tty", "users", "utmp", "uucp", "uuidd", "video", "voice", "wheel", "www-data",
    }
)  # fmt: skip
# Shells that end a login at once (nologin(8), false(1)).
_NO_SHELLS = frozenset({"nologin", "false", "true"})
_SSHD = frozenset({"ssh.service", "sshd.service"})
_SSHD_SOCKET = ("ssh.socket", "sshd.socket")


def login_problems(sound: Sound, now: datetime | None) -> Iterator[Problem]:
    """What is wrong with the accounts; without a time, no key counts as expired."""
    yield from _nobody_can_log_in(sound, now)
    yield from _user_problems(sound)
    yield from _key_problems(sound, "/root", sound.value("root") or {})
    for pointer, _key, user in sound.items("users"):
        yield from _key_problems(sound, pointer, user)


def _nobody_can_log_in(sound: Sound, now: datetime | None) -> Iterator[Problem]:
    data = sound.document.data
    if not (sound.is_sound("/root") and sound.is_sound("/users")):
        return
    accounts = [data.get("root", {}), *data.get("users", ())]
    sshd = _has_sshd(sound)
    if not any(_opens(account, now, with_sshd=sshd) for account in accounts):
        hint = "give root or a user a password or an SSH key"
        if any(account.get("ssh_keys") or _has_password(account) for account in accounts):
            hint += (
                ": what is given opens nothing (ssh is off, the shell ends at once, or a key has "
                'expired or is bound with "from" to host names, which sshd does not look up)'
            )
        yield sound.document.problem("/users", "nobody could log in to this host", hint)


def _opens(account: Mapping[str, Any], now: datetime | None, *, with_sshd: bool) -> bool:
    if ends_at_once(account.get("shell", "")):
        return False
    # A key that is at fault is reported as such; it was meant to open.
    keys = (key_fault(each) or key_opens(each, now) for each in account.get("ssh_keys", ()))
    return _has_password(account) or (with_sshd and any(keys))


def ends_at_once(shell: str) -> bool:
    """Whether a login with this shell is over before anything can be typed."""
    return PurePosixPath(shell).name in _NO_SHELLS


def _has_sshd(sound: Sound) -> bool:
    """Whether sshd runs: it does where there are keys, unless it is switched off."""
    states = sound.value("services") or {}
    return not switched_off(states, _SSHD) or any(
        states.get(unit) == "enabled" for unit in _SSHD_SOCKET
    )


def _has_password(account: Mapping[str, Any]) -> bool:
    return "password" in account and "locked" not in account["password"]


def _user_problems(sound: Sound) -> Iterator[Problem]:
    names: set[str] = set()
    uids: set[int] = set()
    for pointer, _key, user in sound.items("users"):
        name, uid = user["name"], user.get("uid")
        yield from _name_problems(sound, child(pointer, "name"), name, names)
        if uid in uids:
            message = f"the uid {uid} belongs to another user already"
            yield sound.document.problem(child(pointer, "uid"), message, "leave it out")
        if user.get("sudo") == "password" and not _has_password(user):
            yield sound.document.problem(
                child(pointer, "sudo"),
                "sudo asks for a password, and this user has none",
                'write "sudo": "no_password", or give the user a password',
            )
        names.add(name)
        if uid is not None:
            uids.add(uid)


def _name_problems(sound: Sound, pointer: str, name: str, others: set[str]) -> Iterator[Problem]:
    document = sound.document
    if name == "root":
        yield document.problem(pointer, "root is not one of the users", 'the key "root" is for it')
    elif name in _SYSTEM_NAMES:
        message = f"{quoted(name)} is the name of a system account or group"
        yield document.problem(pointer, message, "choose another name")
    elif name in others:
        message = f"there is another user {quoted(name)} already"
        yield document.problem(pointer, message, "give each user once")


def _key_problems(sound: Sound, pointer: str, account: Mapping[str, Any]) -> Iterator[Problem]:
    for index, key in enumerate(account.get("ssh_keys", ())):
        if fault := key_fault(key):
            yield sound.document.problem(f"{pointer}/ssh_keys/{index}", *fault)
