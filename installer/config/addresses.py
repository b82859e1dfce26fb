"""Addresses and networks in the one form that every program reads.

``ipaddress`` also takes netmasks, leading zeros and the scope of an IPv6 address, which is any text
behind ``%``. systemd-networkd ignores an assignment with one of them (in_addr_prefix_from_string in
https://github.com/systemd/systemd/blob/main/src/basic/in-addr-util.c), and the host has no address.
"""

from __future__ import annotations

import ipaddress
import re

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Interface = ipaddress.IPv4Interface | ipaddress.IPv6Interface
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_LENGTH = re.compile(r"0|[1-9][0-9]{0,2}")


def address(text: str) -> Address | None:
    """An address alone; None when the text is none."""
    if "%" in text:
        return None
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def interface(text: str) -> Interface | None:
    """An address with the length of its prefix."""
    ip, slash, length = text.partition("/")
    if address(ip) is None or not slash or not _LENGTH.fullmatch(length):
        return None
    try:
        return ipaddress.ip_interface(text)
    except ValueError:
        return None


def network(text: str) -> Network | None:
    """A network: its first address with the length of its prefix, or one address alone."""
    ip, slash, length = text.partition("/")
    if address(ip) is None or (slash and not _LENGTH.fullmatch(length)):
        return None
    try:
        return ipaddress.ip_network(text)
    except ValueError:
        return None


def meant_interface(text: str) -> str:
    """What was probably meant by an address with a netmask or a padded length; "" if nothing."""
    try:
        return "" if "%" in text or "/" not in text else str(ipaddress.ip_interface(text))
    except ValueError:
        return ""


def meant_network(text: str) -> str:
    """What was probably meant by a network with a netmask, or with the address of a host in it."""
    try:
        return "" if "%" in text else str(ipaddress.ip_network(text, strict=False))
    except ValueError:
        return ""
