"""What the screens of the network and of the accounts say, in the kickstart's words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from screens.draft.entries import Entry, words

if TYPE_CHECKING:
    from screens.draft.draft import Draft


def network_entries(draft: Draft) -> Iterator[Entry]:
    """``ntp``, and all of ``network`` where the addresses do not come from the network itself."""
    yield from words("ntp_servers", ("ntp", "servers"), draft.ntp_servers)
    addresses = _said(draft, "address4", "address6")
    if draft.network != "static" or not draft.interface or not addresses:
        return
    base = ("network", "ethernets", draft.interface)
    mac = draft.interface_mac or None
    yield Entry(field="interface", path=(*base, "match", "macaddress"), value=mac)
    if not mac:
        yield Entry(field="interface", path=(*base, "match", "name"), value=draft.interface)
    for index, (field, text) in enumerate(addresses):
        yield Entry(field=field, path=(*base, "addresses", index), value=text)
    for index, (field, text) in enumerate(_said(draft, "gateway4", "gateway6")):
        yield Entry(field=field, path=(*base, "routes", index, "to"), value="default")
        yield Entry(field=field, path=(*base, "routes", index, "via"), value=text)
    yield from words("nameservers", (*base, "nameservers", "addresses"), draft.nameservers)
    yield from words("search_domains", (*base, "nameservers", "search"), draft.search_domains)


def account_entries(draft: Draft, root_hash: str | None, user_hash: str | None) -> Iterator[Entry]:
    """``root`` and ``users``, with the hashes of their passwords."""
    key = None if draft.user_name else draft.ssh_key.strip() or None
    yield Entry(field="root_password", path=("root", "password", "hash"), value=root_hash)
    yield Entry(field="ssh_key", path=("root", "ssh_keys", 0), value=key)
    yield from _user_entries(draft, user_hash)


def _user_entries(draft: Draft, hashed: str | None) -> Iterator[Entry]:
    if not draft.user_name:
        yield Entry(field="user_name", path=("users", 0, "name"))
        return
    user = ("users", 0)
    full_name = draft.user_full_name.strip() or None
    sudo = draft.user_sudo if draft.user_sudo != "none" else None
    yield Entry(field="user_name", path=(*user, "name"), value=draft.user_name.strip())
    yield Entry(field="user_full_name", path=(*user, "full_name"), value=full_name)
    yield from words("user_groups", (*user, "groups"), draft.user_groups)
    yield Entry(field="user_sudo", path=(*user, "sudo"), value=sudo)
    yield Entry(field="user_password", path=(*user, "password", "hash"), value=hashed)
    key = draft.ssh_key.strip() or None
    yield Entry(field="ssh_key", path=(*user, "ssh_keys", 0), value=key)


def _said(draft: Draft, *fields: str) -> list[tuple[str, str]]:
    """The fields that have a text, with it."""
    texts = ((field, getattr(draft, field).strip()) for field in fields)
    return [(field, text) for field, text in texts if text]
