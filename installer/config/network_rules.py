"""Rules about the network: values that systemd-networkd takes, gateways that can be reached.

What it does not take it ignores, and the host would have no network (systemd.network(5)).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from installer.config.addresses import (
    Address,
    Interface,
    address,
    interface,
    meant_interface,
    meant_network,
    network,
)
from installer.config.sound import Sound
from installer.config.units import TIMESYNCD, switched_off
from ks_schema import Document, Problem
from ks_schema.wording import quoted

# What the kernel takes as an interface's name: at most 15 bytes.
_OWN_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,14}")
# Names that systemd refuses: those of sysctl directories, and directories (ifname_valid_full in
# https://github.com/systemd/systemd/blob/main/src/basic/socket-util.c).
_RESERVED_NAMES = frozenset({"all", "default", ".", ".."})
_INDEX = re.compile(r"0x[0-9a-f]+|0b[01]+|[0-9]+", re.IGNORECASE)
# dns_name_is_valid, is_localhost: "may not be configured as search or route domain"
_LOCALHOST = re.compile(r"(.*\.)?localhost(\.localdomain)?", re.IGNORECASE)
# Below this the kernel takes IPv6 off an interface (RFC 8200, section 5).
_LEAST_IPV6_MTU = 1280


def network_problems(sound: Sound) -> Iterator[Problem]:
    """What is wrong with the wired interfaces, and with the time servers."""
    yield from _ntp_problems(sound)
    matches: dict[str, str] = {}
    addresses: dict[Address, str] = {}
    for pointer, name, ethernet in sound.items("network", "ethernets"):
        yield from _match_problems(sound.document, pointer, name, ethernet, matches)
        yield from _address_problems(sound.document, pointer, ethernet, addresses)
        yield from _route_problems(sound.document, pointer, ethernet)
        yield from _nameserver_problems(sound.document, pointer, ethernet)
        yield from _mtu_problems(sound.document, pointer, ethernet)


def _match_problems(
    document: Document, pointer: str, name: str, data: Mapping[str, Any], others: dict[str, str]
) -> Iterator[Problem]:
    match = data.get("match")
    if match is None and not _OWN_NAME.fullmatch(name):
        message = f"{quoted(name)} is too long for the name of an interface"
        yield document.problem(pointer, message, 'say which interface it is with "match"')
    elif match is None and not _can_be_a_name(name):
        message = f"no interface is called {quoted(name)}"
        yield document.problem(pointer, message, 'say which interface it is with "match"')
    elif match is not None:
        yield from _interface_problems(document, f"{pointer}/match", match)
    same = str(sorted((match or {"name": name}).items())).lower()
    if same in others:
        message = f"this is the same interface as {quoted(others[same])}"
        yield document.problem(pointer, message, "make them one")
    others[same] = name


def _interface_problems(
    document: Document, pointer: str, match: Mapping[str, str]
) -> Iterator[Problem]:
    name, mac = match.get("name"), match.get("macaddress")
    if name is not None and not _can_be_a_name(name):
        message = f"no interface is called {quoted(name)}"
        yield document.problem(f"{pointer}/name", message, "like enp1s0 or en*")
    # The lowest bit of the first byte is that of groups, and no card has the number 0.
    if mac is not None and (int(mac[:2], 16) & 1 or not int(mac.replace(":", ""), 16)):
        message = f"{quoted(mac)} is not the address of a single interface"
        yield document.problem(f"{pointer}/macaddress", message, 'copy it from "ip link"')


def _can_be_a_name(name: str) -> bool:
    """Whether systemd takes it for a name: it takes a number for the index of an interface."""
    return name not in _RESERVED_NAMES and not _INDEX.fullmatch(name)


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
        found = interface(text)
        if found is None:
            message = f"{quoted(text)} is not an address with the length of its prefix"
            meant = meant_interface(text)
            hint = f"did you mean {meant}?" if meant else "like 192.0.2.5/24 or 2001:db8::5/64"
            yield document.problem(place, message, hint)
            continue
        if fault := _useless(found):
            message = f"{quoted(text)} is {fault}"
            yield document.problem(place, message, "give the host's own address")
        elif found.ip in others:
            yield document.problem(place, f"{found.ip} is given twice", "take one away")
        others[found.ip] = place


def _useless(found: Interface) -> str:
    """Why no host can have the address; "" when one can."""
    ip = found.ip
    if not _is_of_a_host(ip):
        return "not an address that a host can have"
    if not found.network.prefixlen:
        return "an address whose network would be the whole internet"
    return _of_the_network(found, ip)


def _is_of_a_host(ip: Address) -> bool:
    if ip.version == 6 and ip.ipv4_mapped is not None:
        return False
    is_broadcast = ip.version == 4 and int(ip) == 0xFFFFFFFF
    return not (ip.is_unspecified or ip.is_multicast or ip.is_loopback or is_broadcast)


def _of_the_network(found: Interface, ip: Address) -> str:
    """What an address is, if it is one of the two that no host of the network can have."""
    if found.version == 4 and found.network.prefixlen < 31:
        if ip == found.network.network_address:
            return "the address of a network"
        if ip == found.network.broadcast_address:
            return "the broadcast address of its network"
    return ""


def _route_problems(document: Document, pointer: str, data: Mapping[str, Any]) -> Iterator[Problem]:
    found = [interface(text) for text in data.get("addresses", ())]
    on_link = [each for each in found if each]
    # Which networks DHCP will bring is not known, so a gateway of that family may be in one.
    asked = {version for version in (4, 6) if data.get(f"dhcp{version}")}
    for index, route in enumerate(data.get("routes", ())):
        place = f"{pointer}/routes/{index}"
        yield from _destination_problems(document, place, route)
        gateway = address(route["via"])
        if gateway is None:
            message = f"{quoted(route['via'])} is not an address"
            yield document.problem(f"{place}/via", message, "the address of the gateway, alone")
        elif fault := _no_gateway(gateway, on_link):
            message = f"{quoted(route['via'])} is {fault}"
            yield document.problem(f"{place}/via", message, "the address of the gateway, alone")
        elif all(found) and gateway.version not in asked and not _reaches(on_link, gateway):
            networks = ", ".join(str(each.network) for each in on_link)
            yield document.problem(
                f"{place}/via",
                f"the gateway {gateway} is in none of this interface's networks",
                f"they are {networks}" if networks else 'the interface has no "addresses"',
            )


def _no_gateway(gateway: Address, on_link: list[Interface]) -> str:
    """Why the kernel takes no route by way of this address; "" when it does."""
    if not _is_of_a_host(gateway):
        return "not an address that a gateway can have"
    for each in on_link:
        if each.ip == gateway:
            return "this host's own address"
        if fault := _of_the_network(each, gateway):
            return fault
    return ""


def _destination_problems(
    document: Document, place: str, route: Mapping[str, str]
) -> Iterator[Problem]:
    to = route["to"]
    if to == "default":
        return
    gateway, found = address(route["via"]), network(to)
    if found is None:
        meant = meant_network(to)
        hint = f"did you mean {meant}?" if meant else 'like 198.51.100.0/24, or "default"'
        yield document.problem(f"{place}/to", f"{quoted(to)} is not a network", hint)
    elif gateway and gateway.version != found.version:
        message = f"the network is IPv{found.version}, its gateway IPv{gateway.version}"
        yield document.problem(place, message, "both must be of one kind")


def _reaches(on_link: list[Interface], gateway: Address) -> bool:
    return gateway.is_link_local or any(gateway in each.network for each in on_link)


def _nameserver_problems(
    document: Document, pointer: str, data: Mapping[str, Any]
) -> Iterator[Problem]:
    servers = data.get("nameservers", {})
    for index, text in enumerate(servers.get("addresses", ())):
        found = address(text)
        if found is None or found.is_unspecified or found.is_multicast:
            yield document.problem(
                f"{pointer}/nameservers/addresses/{index}",
                f"{quoted(text)} is not the address of a name server",
                "an IPv4 or IPv6 address, without a prefix",
            )
    for index, domain in enumerate(servers.get("search", ())):
        if _LOCALHOST.fullmatch(domain):
            message = f"{quoted(domain)} is this host, and not searched for names"
            yield document.problem(f"{pointer}/nameservers/search/{index}", message, "leave it out")


def _ntp_problems(sound: Sound) -> Iterator[Problem]:
    servers = tuple(sound.items("ntp", "servers"))
    for pointer, _index, text in servers:
        found = address(text)
        # Programs take what looks like a number for an address, be it one or not.
        is_name = found is None and ":" not in text and not text.rpartition(".")[2].isdigit()
        if not is_name and (found is None or not _is_of_a_host(found)):
            message = f"{quoted(text)} is not the address of a time server"
            yield sound.document.problem(pointer, message, "like ntp.example.net or 192.0.2.123")
    states = sound.value("services") or {}
    off = switched_off(states, {TIMESYNCD})
    if servers and off:
        message = f"{off[0]} is {states[off[0]]}, and it is what asks these servers"
        hint = f'remove "ntp", or remove {off[0]} from "services"'
        yield sound.document.problem("/ntp", message, hint)


def _mtu_problems(document: Document, pointer: str, data: Mapping[str, Any]) -> Iterator[Problem]:
    found = (interface(text) for text in data.get("addresses", ()))
    with_ipv6 = data.get("dhcp6") or any(each and each.version == 6 for each in found)
    if with_ipv6 and data.get("mtu", _LEAST_IPV6_MTU) < _LEAST_IPV6_MTU:
        message = f"IPv6 needs an mtu of at least {_LEAST_IPV6_MTU}"
        yield document.problem(f"{pointer}/mtu", message, "make it larger, or leave it out")
