"""What the person has said so far, as typed; the only place where it meets the kickstart's keys.

Every field of the screens is an attribute of :class:`Draft` of the same name. Empty text means
that the person did not say, and the planner decides.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from installer.config.password import login_fault
from installer.machine.facts import Machine
from installer.secret import Secret
from ks_schema.language import longest
from screens.draft.boot_entries import boot_entries
from screens.draft.disk_names import NamedDisk, named_disks, partners, paths_now
from screens.draft.entries import Entry, document, field_at, limits, pointer_to
from screens.draft.history import History
from screens.draft.host_entries import account_entries, network_entries
from screens.draft.storage_entries import MIRROR, storage_entries
from screens.forms import YES

NOTHING = Secret("")

# Stands for a password that is typed and not hashed yet, so that the rules see that there is one
# and never the password itself.
_PENDING_HASH = "$6$rounds=100000$pendingpending00$" + "." * 86
_MENU_HASH = "grub.pbkdf2.sha512."
_PENDING_MENU_HASH = f"{_MENU_HASH}100000.{'00' * 64}.{'00' * 64}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """The values of all fields. Passwords are held as hashes once they have been left.

    ``disks`` are the machine's, by their names in the kickstart; ``mirror``, ``disk_partners`` and
    ``containers`` name them by their paths. ``custom`` are the parts that were edited for
    the disk that ``custom_disk`` selects.
    """

    disk: str = ""
    disk_key: str = ""
    disk_value: str = ""
    disk_partners: tuple[str, ...] = ()
    disks: tuple[NamedDisk, ...] = ()
    layout: str = "whole_disk"
    filesystem: str = ""
    swap: str = ""
    swap_size: str = ""
    mirror: tuple[str, ...] = ()
    lvm: str = ""
    ab: str = ""
    preserve: str = ""
    encryption: str = ""
    passphrase: Secret = NOTHING
    passphrase_again: Secret = NOTHING
    tpm2: str = ""
    recovery_key: str = ""
    containers: str = ""
    containers_size: str = ""
    containers_filesystem: str = ""
    containers_preserve: str = ""
    custom: History | None = None
    custom_disk: str = ""
    boot_mode: str = ""
    secure_boot: str = "optional"
    entry_name: str = ""
    boot_order: str = "first"
    boot_timeout: str = ""
    menu_password: Secret = NOTHING
    menu_password_again: Secret = NOTHING
    menu_hash: str = ""
    boot_console: str = ""
    kernel_arguments: str = ""
    hardening: str = ""
    owner_keys: str = ""
    db_certificate: str = ""
    db_key: str = ""
    token_pin: Secret = NOTHING
    owner_passphrase: Secret = NOTHING
    owner_passphrase_again: Secret = NOTHING
    owner_enroll: str = YES
    owner_microsoft: str = YES
    owner_on_host: str = YES
    loader: str = ""
    mok_certificate: str = ""
    mok_password: Secret = NOTHING
    package_set: str = "minimal"
    kernel: str = "auto"
    network: str = "dhcp"
    interface: str = ""
    interface_mac: str = ""
    address4: str = ""
    gateway4: str = ""
    address6: str = ""
    gateway6: str = ""
    nameservers: str = ""
    search_domains: str = ""
    ntp_servers: str = ""
    ssh_server: str = ""
    hostname: str = "photon"
    locale: str = "C.UTF-8"
    keyboard: str = "us"
    timezone: str = "UTC"
    root_password: Secret = NOTHING
    root_password_again: Secret = NOTHING
    root_hash: str = ""
    user_name: str = ""
    user_full_name: str = ""
    user_groups: str = ""
    user_sudo: str = "password"
    user_password: Secret = NOTHING
    user_password_again: Secret = NOTHING
    user_hash: str = ""
    ssh_key: str = ""

    @property
    def edited(self) -> History | None:
        """The parts, when they are what shall be done."""
        return self.custom if self.layout == "custom" else None

    def name_of(self, path: str) -> str:
        """The name of a disk in the kickstart."""
        if path == self.disk:
            return "default"
        return next((each.name for each in self.disks if each.path == path), "")

    def document(self) -> dict[str, Any]:
        """The kickstart that says the same: with hashes instead of passwords.

        What opens volumes and keys is in it as it was typed: the plan needs it.
        """
        pending = [account.pending for account in ACCOUNTS]
        return document(entry for entry in _entries(self) if entry.value not in pending)

    def document_to_check(self) -> dict[str, Any]:
        """The same with a stand-in for each password that is typed and not hashed yet."""
        return document(_entries(self))

    def document_to_plan(self, without: Collection[str]) -> dict[str, Any]:
        """The same without some of its parts (keys), in which somebody can log in in any case."""
        kept = document(entry for entry in _entries(self) if entry.path[0] not in without)
        return {"root": {"password": {"hash": _PENDING_HASH}}, **kept}


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """The three attributes of a draft that make one password, typed on the screen ``step``.

    ``place`` is where a kickstart has it; ``menu`` is the boot menu's, which GRUB asks for.
    ``pending`` stands for its hash.
    """

    typed: str
    again: str
    hashed: str
    place: tuple[str, ...]
    step: str = "accounts"
    menu: bool = False
    pending: str = _PENDING_HASH


ACCOUNTS = (
    Account(
        typed="root_password",
        again="root_password_again",
        hashed="root_hash",
        place=("root", "password"),
    ),
    Account(
        typed="user_password",
        again="user_password_again",
        hashed="user_hash",
        place=("users", "0", "password"),
    ),
    Account(
        typed="menu_password",
        again="menu_password_again",
        hashed="menu_hash",
        place=("boot", "menu_password"),
        step="boot",
        menu=True,
        pending=_PENDING_MENU_HASH,
    ),
)

_HASH_OF = {account.typed: account.hashed for account in ACCOUNTS}


def update(draft: Draft, field: str, value: str, machine: Machine | None) -> Draft:
    """The draft with another value in ``field``; a disk or interface takes what goes with it."""
    match field:
        case "disk":
            return _choose_disk(draft, value, machine)
        case _ if field.startswith((MIRROR, "containers", "tpm2")):
            return _choose_storage(draft, field, value, machine)
        case "interface":
            return _choose_interface(draft, value, machine)
        case _ if field in _HASH_OF:
            # Whoever types a password anew means another one, or none.
            return _replace(draft, {field: Secret(value), _HASH_OF[field]: ""})
        case _ if isinstance(getattr(draft, field), Secret):
            return _replace(draft, {field: Secret(value)})
        case _:
            return _replace(draft, {field: value})


def waiting_password(draft: Draft, step: str) -> Account | None:
    """An account whose password is typed twice alike, can be used, and waits to be hashed.

    Not on the screen ``step``, where it may not be typed to its end yet.
    """
    return next(
        (
            account
            for account in ACCOUNTS
            if account.step != step
            and getattr(draft, account.typed) != NOTHING
            and getattr(draft, account.typed) == getattr(draft, account.again)
            and password_problem(draft, account) is None
        ),
        None,
    )


def typed_differently(draft: Draft, account: Account) -> bool:
    """The two texts are not the same, and the first is not a hash that is complete by itself."""
    typed, again = getattr(draft, account.typed), getattr(draft, account.again)
    return bool(typed != again) and not _is_hash(account, typed)


def password_problem(draft: Draft, account: Account) -> tuple[str, str] | None:
    """What is wrong with a typed password, and what to do; it is not hashed then."""
    typed = getattr(draft, account.typed)
    if _is_hash(account, typed):
        return None
    text, most = typed.reveal(), longest((*account.place, "plain"))
    if most is not None and len(text) > most:
        return f"This password has more than {most} characters", "type a shorter one"
    if not account.menu and (fault := login_fault(text)):
        return f"This password cannot be used: {fault}", "type another one"
    if account.menu and not (text.isascii() and text.isprintable()):
        message = "It cannot be typed in the boot menu"
        return message, "GRUB knows the letters and signs of a US keyboard alone"
    return None


def _is_hash(account: Account, typed: Secret) -> bool:
    return account.menu and typed.reveal().startswith(_MENU_HASH)


def without_secrets(draft: Draft) -> Draft:
    """The draft without what was typed blind: the keyboard had another layout then."""
    values = {each.name: getattr(draft, each.name) for each in fields(draft)}
    typed = {name: NOTHING for name, value in values.items() if isinstance(value, Secret)}
    return _replace(draft, {**typed, **dict.fromkeys(_HASH_OF.values(), "")})


def keep_hash(draft: Draft, account: Account, hashed: str) -> Draft:
    """The draft with the hash in place of the typed password."""
    values = {account.typed: NOTHING, account.again: NOTHING, account.hashed: hashed}
    return _replace(draft, values)


def field_of(draft: Draft, pointer: str) -> str:
    """The field that a finding at the JSON pointer ``pointer`` is about, "" when there is none."""
    return field_at(_entries(draft), pointer)


def is_own_place(draft: Draft, pointer: str) -> bool:
    """Whether the JSON pointer is the place of one field, and not of several together."""
    return any(pointer == pointer_to(entry.path) for entry in _entries(draft))


def limits_of(draft: Draft) -> dict[str, int]:
    """The most characters that the schema allows in each field, where it says so."""
    return limits(_entries(draft))


def hash_of(draft: Draft, account: Account) -> str | None:
    """The hash of an account's password, or what stands for it until it is there."""
    typed = getattr(draft, account.typed)
    if _is_hash(account, typed):
        return str(typed.reveal())
    if typed != NOTHING:
        return account.pending
    return getattr(draft, account.hashed) or None


def disk_changed(draft: Draft) -> bool:
    """The layout in parts was for another disk than the one that is chosen now."""
    return draft.custom is not None and draft.custom_disk != draft.disk_value


def disk_now(draft: Draft, machine: Machine) -> str:
    """The path that the chosen disk has now, "" when it is gone: the kernel may name it anew."""
    key = (draft.disk_key, draft.disk_value)
    known = named_disks(draft.disks, machine)
    return next((each.path for each in known if (each.key, each.value) == key), "")


def _replace(draft: Draft, values: Mapping[str, Any]) -> Draft:
    return replace(draft, **values)


def _choose_disk(draft: Draft, path: str, machine: Machine | None) -> Draft:
    """The draft for another disk, which cannot be its own mirror or beside itself."""
    known = named_disks(draft.disks, machine) if machine else ()
    chosen = next((each for each in known if each.path == path), None)
    moved = paths_now(draft.disks, known)
    # Whoever starts from the other half of a mirror has the first one in it instead.
    before = moved.get(draft.disk, "")
    members = (moved.get(each, each) for each in draft.mirror)
    mirror = (before if each == path else each for each in members)
    containers = moved.get(draft.containers, draft.containers)
    draft = replace(
        draft,
        disks=known,
        disk=chosen.path if chosen else "",
        disk_key=chosen.key if chosen else "",
        disk_value=chosen.value if chosen else "",
        mirror=tuple(each for each in mirror if each and each != path),
        containers="" if containers == path else containers,
    )
    return _with_partners(_without_stale_layout(draft), machine)


def _without_stale_layout(draft: Draft) -> Draft:
    """A custom layout names the partitions of one disk: another one has a guided layout again."""
    if draft.layout == "custom" and disk_changed(draft):
        return replace(draft, layout="whole_disk")
    return draft


def _choose_storage(draft: Draft, field: str, value: str, machine: Machine | None) -> Draft:
    if field.startswith(MIRROR):
        path = field.removeprefix(MIRROR)
        others = tuple(each for each in draft.mirror if each != path)
        return _with_partners(replace(draft, mirror=(*others, path) if value else others), machine)
    draft = _replace(draft, {field: value})
    if field == "tpm2" and value and draft.passphrase == NOTHING:
        # Without another way in, a TPM that refuses would lock everybody out.
        return replace(draft, recovery_key=YES)
    return _with_partners(draft, machine)


def _with_partners(draft: Draft, machine: Machine | None) -> Draft:
    """The draft with the disks that must be erased along with those that it uses."""
    own = draft.containers if draft.containers.startswith("/") else ""
    used = tuple(path for path in (draft.disk, *draft.mirror, own) if path)
    return replace(draft, disk_partners=partners(used, machine))


def _choose_interface(draft: Draft, name: str, machine: Machine | None) -> Draft:
    interfaces = machine.interfaces if machine else ()
    mac = next((each.mac for each in interfaces if each.name == name), "")
    return replace(draft, interface=name, interface_mac=mac)


def _entries(draft: Draft) -> Iterator[Entry]:
    yield from storage_entries(draft)
    for field, path in _PLAIN:
        yield Entry(field=field, path=path, value=getattr(draft, field).strip() or None)
    for field, path in _NEEDED:
        yield Entry(field=field, path=path, value=getattr(draft, field).strip())
    yield from boot_entries(draft, hash_of(draft, ACCOUNTS[2]))
    yield from network_entries(draft)
    yield from account_entries(draft, hash_of(draft, ACCOUNTS[0]), hash_of(draft, ACCOUNTS[1]))


# Left out of the kickstart when empty.
_PLAIN: tuple[tuple[str, tuple[str, ...]], ...] = (("ssh_server", ("services", "ssh")),)
# Said even when empty, so that the rules refuse the empty text.
_NEEDED: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("package_set", ("packages", "set")),
    ("kernel", ("packages", "kernel")),
    ("hostname", ("hostname",)),
    ("locale", ("locale",)),
    ("keyboard", ("keyboard",)),
    ("timezone", ("timezone",)),
)
