"""What the person has said so far, as typed; the only place where it meets the kickstart's keys.

Every field of the screens is an attribute of :class:`Draft` of the same name. Empty text means
that the person did not say, and the planner decides.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from installer.machine import Disk, Machine
from installer.plan.layers import disks_sharing
from installer.secret import Secret
from screens.forms import FieldProblem

NOTHING = Secret("")

# Stands for a password that is typed and not hashed yet, so that the rules see that there is one
# and never the password itself.
_PENDING_HASH = "$6$rounds=100000$pendingpending00$" + "." * 86


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """The values of all fields. Passwords are held as hashes once they have been left."""

    disk: str = ""
    disk_key: str = ""
    disk_value: str = ""
    disk_partners: tuple[tuple[str, str], ...] = ()
    filesystem: str = ""
    swap: str = ""
    swap_size: str = ""
    boot_mode: str = ""
    secure_boot: str = "optional"
    boot_console: str = ""
    kernel_arguments: str = ""
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

    def document(self) -> dict[str, Any]:
        """The kickstart that says the same. It holds hashes, never a password."""
        return _document(entry for entry in _entries(self) if entry.value != _PENDING_HASH)

    def document_to_check(self) -> dict[str, Any]:
        """The same with a stand-in for each password that is typed and not hashed yet."""
        return _document(_entries(self))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    """A field, the place of its value in the kickstart, and the value (None: left out)."""

    field: str
    path: tuple[str | int, ...]
    value: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """The three attributes of a draft that make one password."""

    typed: str
    again: str
    hashed: str


ACCOUNTS = (
    Account(typed="root_password", again="root_password_again", hashed="root_hash"),
    Account(typed="user_password", again="user_password_again", hashed="user_hash"),
)

_HASH_OF = {account.typed: account.hashed for account in ACCOUNTS}


def update(draft: Draft, field: str, value: str, machine: Machine | None) -> Draft:
    """The draft with another value in ``field``; a disk or interface takes what goes with it."""
    match field:
        case "disk":
            return _choose_disk(draft, value, machine)
        case "interface":
            return _choose_interface(draft, value, machine)
        case _ if field in _HASH_OF:
            # Whoever types a password anew means another one, or none.
            return _replace(draft, {field: Secret(value), _HASH_OF[field]: ""})
        case _ if isinstance(getattr(draft, field), Secret):
            return _replace(draft, {field: Secret(value)})
        case _:
            return _replace(draft, {field: value})


def waiting_password(draft: Draft) -> Account | None:
    """An account whose password is typed twice alike and waits to be hashed."""
    return next(
        (
            account
            for account in ACCOUNTS
            if getattr(draft, account.typed) != NOTHING
            and getattr(draft, account.typed) == getattr(draft, account.again)
        ),
        None,
    )


def keep_hash(draft: Draft, account: Account, hashed: str) -> Draft:
    """The draft with the hash in place of the typed password."""
    values = {account.typed: NOTHING, account.again: NOTHING, account.hashed: hashed}
    return _replace(draft, values)


def field_of(draft: Draft, pointer: str) -> str:
    """The field that a finding at the JSON pointer ``pointer`` is about, "" when there is none."""
    wanted = [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]]
    best, field = 0, ""
    for entry in _entries(draft):
        common = _common([str(part) for part in entry.path], wanted)
        if common > best:
            best, field = common, entry.field
    return field


def gaps(draft: Draft) -> tuple[FieldProblem, ...]:
    """What the screens ask for beyond the kickstart's own rules."""
    return (*_disk_gaps(draft), *_network_gaps(draft), *_account_gaps(draft))


def _disk_gaps(draft: Draft) -> Iterator[FieldProblem]:
    if not draft.disk:
        yield FieldProblem(
            field="disk", message="No disk is chosen", hint="mark one with Space or Enter"
        )


def _network_gaps(draft: Draft) -> Iterator[FieldProblem]:
    if draft.network != "static":
        return
    if not draft.interface:
        yield FieldProblem(
            field="interface", message="No interface is chosen", hint="mark the one with the cable"
        )
    if not (draft.address4.strip() or draft.address6.strip()):
        yield FieldProblem(
            field="address4",
            message="No address is given",
            hint="type one with its prefix length, like 192.0.2.5/24",
        )


def _account_gaps(draft: Draft) -> Iterator[FieldProblem]:
    for account in ACCOUNTS:
        if getattr(draft, account.typed) != getattr(draft, account.again):
            yield FieldProblem(
                field=account.again,
                message="The two passwords differ",
                hint="type the same one in both fields",
            )
    if draft.user_name:
        yield from _sudo_gaps(draft)
        return
    for field in ("user_password", "user_full_name", "user_groups"):
        if getattr(draft, field) not in {"", NOTHING}:
            yield FieldProblem(
                field="user_name",
                message="The user has no name",
                hint="type one, or empty the fields below",
            )
            return


def _sudo_gaps(draft: Draft) -> Iterator[FieldProblem]:
    if draft.user_sudo == "password" and _hash(draft, ACCOUNTS[1]) is None:
        yield FieldProblem(
            field="user_sudo",
            message="sudo would ask for a password, and the user has none",
            hint="give the user a password, or choose another line here",
        )


def _replace(draft: Draft, values: Mapping[str, Any]) -> Draft:
    return replace(draft, **values)


def _choose_disk(draft: Draft, path: str, machine: Machine | None) -> Draft:
    disks = machine.disks if machine else ()
    disk = next((disk for disk in disks if disk.path == path), None)
    if disk is None:
        return replace(draft, disk="", disk_key="", disk_value="", disk_partners=())
    key, value = _selector(disk, disks)
    layers = machine.layers if machine else ()
    # Half an array is of no use to anybody; the screen of the disk and the review say so.
    partners = tuple(_selector(each, disks) for each in disks_sharing(disk, disks, layers))
    return replace(draft, disk=path, disk_key=key, disk_value=value, disk_partners=partners)


def _selector(disk: Disk, disks: tuple[Disk, ...]) -> tuple[str, str]:
    """The name of the disk that lasts longest: the kernel numbers disks anew at each start."""
    if disk.serial and [other.serial for other in disks].count(disk.serial) == 1:
        return "serial", disk.serial
    for folder in ("/dev/disk/by-id/", "/dev/disk/by-path/"):
        for link in sorted(disk.links):
            if link.startswith(folder):
                return "device", link
    return "device", disk.path


def _choose_interface(draft: Draft, name: str, machine: Machine | None) -> Draft:
    interfaces = machine.interfaces if machine else ()
    mac = next((each.mac for each in interfaces if each.name == name), "")
    return replace(draft, interface=name, interface_mac=mac)


def _entries(draft: Draft) -> Iterator[_Entry]:
    yield _Entry(
        field="disk",
        path=("disks", "default", draft.disk_key or "device"),
        value=draft.disk_value or None,
    )
    for index, (key, value) in enumerate(draft.disk_partners):
        name = f"partner-{index + 1}"
        yield _Entry(field="disk", path=("disks", name, key), value=value)
        yield _Entry(field="disk", path=("storage", "wipe", index), value=name)
    for field, path in _PLAIN:
        yield _Entry(field=field, path=path, value=getattr(draft, field).strip() or None)
    for field, path in _NEEDED:
        yield _Entry(field=field, path=path, value=getattr(draft, field).strip())
    yield from _swap_entries(draft)
    yield from _boot_entries(draft)
    yield from _network_entries(draft)
    yield from _root_entries(draft)
    yield from _user_entries(draft)


# Left out of the kickstart when empty.
_PLAIN: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("filesystem", ("storage", "filesystem")),
    ("boot_mode", ("boot", "mode")),
    ("boot_console", ("boot", "console")),
    ("ssh_server", ("services", "ssh")),
)
# Said even when empty, so that the rules refuse the empty text.
_NEEDED: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("package_set", ("packages", "set")),
    ("kernel", ("packages", "kernel")),
    ("hostname", ("hostname",)),
    ("locale", ("locale",)),
    ("keyboard", ("keyboard",)),
    ("timezone", ("timezone",)),
)


def _swap_entries(draft: Draft) -> Iterator[_Entry]:
    sized = draft.swap in {"partition", "file"}
    size = draft.swap_size.strip() if sized else ""
    yield _Entry(field="swap", path=("storage", "swap", "kind"), value=draft.swap or None)
    yield _Entry(field="swap_size", path=("storage", "swap", "size"), value=size or None)


def _boot_entries(draft: Draft) -> Iterator[_Entry]:
    required = "required" if draft.secure_boot == "required" else None
    yield _Entry(field="secure_boot", path=("boot", "secure_boot"), value=required)
    yield from _list("kernel_arguments", ("boot", "kernel_arguments"), draft.kernel_arguments)


def _network_entries(draft: Draft) -> Iterator[_Entry]:
    addresses = _said(draft, "address4", "address6")
    if draft.network != "static" or not draft.interface or not addresses:
        return
    base = ("network", "ethernets", draft.interface)
    mac = draft.interface_mac or None
    yield _Entry(field="interface", path=(*base, "match", "macaddress"), value=mac)
    if not mac:
        yield _Entry(field="interface", path=(*base, "match", "name"), value=draft.interface)
    for index, (field, text) in enumerate(addresses):
        yield _Entry(field=field, path=(*base, "addresses", index), value=text)
    for index, (field, text) in enumerate(_said(draft, "gateway4", "gateway6")):
        yield _Entry(field=field, path=(*base, "routes", index, "to"), value="default")
        yield _Entry(field=field, path=(*base, "routes", index, "via"), value=text)
    yield from _list("nameservers", (*base, "nameservers", "addresses"), draft.nameservers)
    yield from _list("search_domains", (*base, "nameservers", "search"), draft.search_domains)


def _root_entries(draft: Draft) -> Iterator[_Entry]:
    hashed = _hash(draft, ACCOUNTS[0])
    key = None if draft.user_name else draft.ssh_key.strip() or None
    yield _Entry(field="root_password", path=("root", "password", "hash"), value=hashed)
    yield _Entry(field="ssh_key", path=("root", "ssh_keys", 0), value=key)


def _user_entries(draft: Draft) -> Iterator[_Entry]:
    if not draft.user_name:
        yield _Entry(field="user_name", path=("users", 0, "name"))
        return
    user = ("users", 0)
    full_name = draft.user_full_name.strip() or None
    sudo = draft.user_sudo if draft.user_sudo != "none" else None
    yield _Entry(field="user_name", path=(*user, "name"), value=draft.user_name.strip())
    yield _Entry(field="user_full_name", path=(*user, "full_name"), value=full_name)
    yield from _list("user_groups", (*user, "groups"), draft.user_groups)
    yield _Entry(field="user_sudo", path=(*user, "sudo"), value=sudo)
    hashed = _hash(draft, ACCOUNTS[1])
    yield _Entry(field="user_password", path=(*user, "password", "hash"), value=hashed)
    key = draft.ssh_key.strip() or None
    yield _Entry(field="ssh_key", path=(*user, "ssh_keys", 0), value=key)


def _hash(draft: Draft, account: Account) -> str | None:
    if getattr(draft, account.typed) != NOTHING:
        return _PENDING_HASH
    return getattr(draft, account.hashed) or None


def _said(draft: Draft, *fields: str) -> list[tuple[str, str]]:
    """The fields that have a text, with it."""
    texts = ((field, getattr(draft, field).strip()) for field in fields)
    return [(field, text) for field, text in texts if text]


def _list(field: str, path: tuple[str | int, ...], text: str) -> Iterator[_Entry]:
    """One entry for each word of ``text``; words are set apart by spaces or commas."""
    words = text.split() if field == "kernel_arguments" else text.replace(",", " ").split()
    for index, word in enumerate(words):
        yield _Entry(field=field, path=(*path, index), value=word)


def _document(entries: Iterable[_Entry]) -> dict[str, Any]:
    document: dict[str, Any] = {"version": 1}
    for entry in entries:
        if entry.value is not None:
            _put(document, entry.path, entry.value)
    return document


def _common(one: list[str], other: list[str]) -> int:
    count = 0
    for left, right in zip(one, other, strict=False):
        if left != right:
            break
        count += 1
    return count


def _put(target: Any, path: tuple[str | int, ...], value: Any) -> None:
    """Set ``value`` at ``path``, making the objects and lists on the way."""
    *way, last = path
    for part, following in zip(way, path[1:], strict=True):
        empty: Any = [] if isinstance(following, int) else {}
        target = _member(target, part, empty)
    if isinstance(target, list):
        target.append(value)
    else:
        target[last] = value


def _member(target: Any, part: str | int, empty: Any) -> Any:
    if isinstance(target, dict):
        return target.setdefault(part, empty)
    if part == len(target):
        target.append(empty)
    return target[part]
