"""Rules about the network: addresses that are addresses, gateways that can be reached."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator, Mapping
from typing import Any

from installer.config.sound import Sound
from ks_schema import Document, Problem
from ks_schema.wording import quoted

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Interface = ipaddress.IPv4Interface | ipaddress.IPv6Interface

# What the kernel takes as an interface's name: at most 15 bytes.
_OWN_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,14}")


def network_problems(sound: Sound) -> Iterator[Problem]:
    """What is wrong with the wired interfaces."""
    matches: dict[str, str] = {}
    addresses: dict[Address, str] = {}
    for pointer, name, ethernet in sound.items("network", "ethernets"):
        yield from _match_problems(sound.document, pointer, name, ethernet, matches)
        yield from _address_problems(sound.document, pointer, ethernet, addresses)
        yield from _route_problems(sound.document, pointer, ethernet)
        yield from _nameserver_problems(sound.document, pointer, ethernet)


def _match_problems(
    document: Document, pointer: str, name: str, data: Mapping[str, Any], others: dict[str, str]
) -> Iterator[Problem]:
    match = data.get("match")
    if match is None and not _OWN_NAME.fullmatch(name):
        message = f"{quoted(name)} is too long for the name of an interface"
        yield document.problem(pointer, message, 'say which interface it is with "match"')
    same = str(sorted((match or {"name": name}).items())).lower()
    if same in others:
        message = f"this is the same interface as {quoted(others[same])}"
        yield document.problem(pointer, message, "make them one")
    others[same] = name


def _address_problems(
    document: Document, pointer: str, data: Mapping[str, Any], others: dict[Address, str]
) -> Iterator[Problem]:
    if not (data.get("addresses") or data.get("dhcp4") or data.get("dhcp6")):
        yield document.problem(
            pointer,
            "this interface would get no address",
            'write "dhcp4": true, or give it "addresses"',
        )
    for index, text in enumerate(data.get("addresses", ())):
        place = f"{pointer}/addresses/{index}"
        interface = _interface(text)
        if interface is None:
            message = f"{quoted(text)} is not an address with the length of its prefix"
            yield document.problem(place, message, "like 192.0.2.5/24 or 2001:db8::5/64")
            continue
        if fault := _useless(interface):
            message = f"{quoted(text)} is {fault}"
            yield document.problem(place, message, "give the host's own address")
        elif interface.ip in others:
            yield document.problem(place, f"{interface.ip} is given twice", "take one away")
        others[interface.ip] = place


def _interface(text: str) -> Interface | None:
    if "/" not in text or "%" in text:
        return None
    try:
        return ipaddress.ip_interface(text)
    except ValueError:
        return None


def _useless(interface: Interface) -> str:
    """Why no host can have the address; "" when one can."""
    network, ip = interface.network, interface.ip
    if ip.is_unspecified or ip.is_multicast or ip.is_loopback:
        return "not an address that a host can have"
    if ip.version == 4 and network.prefixlen < 31 and ip == network.network_address:
        return "the address of a network"
    if ip.version == 4 and network.prefixlen < 31 and ip == network.broadcast_address:
        return "the broadcast address of its network"
    return ""


def _route_problems(document: Document, pointer: str, data: Mapping[str, Any]) -> Iterator[Problem]:
    interfaces = [_interface(text) for text in data.get("addresses", ())]
    on_link = [interface for interface in interfaces if interface]
    # Which networks DHCP will bring is not known, so a gateway of that family may be in one.
    asked = {version for version in (4, 6) if data.get(f"dhcp{version}")}
    for index, route in enumerate(data.get("routes", ())):
        place = f"{pointer}/routes/{index}"
        yield from _destination_problems(document, place, route)
        gateway = _address(route["via"])
        if gateway is None:
            message = f"{quoted(route['via'])} is not an address"
            yield document.problem(f"{place}/via", message, "the address of the gateway, alone")
        elif gateway.version not in asked and not _reaches(on_link, gateway):
            networks = ", ".join(str(each.network) for each in on_link)
            yield document.problem(
                f"{place}/via",
                f"the gateway {gateway} is in none of this interface's networks",
                f"they are {networks}" if networks else 'the interface has no "addresses"',
            )


def _destination_problems(
    document: Document, place: str, route: Mapping[str, str]
) -> Iterator[Problem]:
    to = route["to"]
    if to == "default":
        return
    gateway = _address(route["via"])
    try:
        network = ipaddress.ip_network(to)
    except ValueError:
        hint = 'like 198.51.100.0/24, or "default"'
        if fixed := _network_of(to):
            hint = f"did you mean {fixed}?"
        yield document.problem(f"{place}/to", f"{quoted(to)} is not a network", hint)
        return
    if gateway and gateway.version != network.version:
        message = f"the network is IPv{network.version}, its gateway IPv{gateway.version}"
        yield document.problem(place, message, "both must be of one kind")


def _network_of(text: str) -> str:
    try:
        return str(ipaddress.ip_network(text, strict=False))
    except ValueError:
        return ""


def _reaches(on_link: list[Interface], gateway: Address) -> bool:
    return gateway.is_link_local or any(gateway in interface.network for interface in on_link)


def _nameserver_problems(
    document: Document, pointer: str, data: Mapping[str, Any]
) -> Iterator[Problem]:
    for index, text in enumerate(data.get("nameservers", {}).get("addresses", ())):
        address = _address(text)
        if address is None or address.is_unspecified or address.is_multicast:
            yield document.problem(
                f"{pointer}/nameservers/addresses/{index}",
                f"{quoted(text)} is not the address of a name server",
                "an IPv4 or IPv6 address, without a prefix",
            )


def _address(text: str) -> Address | None:
    if "%" in text:
        return None
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None
