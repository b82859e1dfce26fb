"""The network of the host, in the words of netplan."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from installer.config.codecs import Address, Destination, Interface, MacAddress
from installer.config.words import NAMED


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """A static route; ``to`` is a prefix or ``default``."""

    to: Destination
    via: Address


@dataclass(frozen=True, slots=True, kw_only=True)
class InterfaceMatch:
    """Which interface: by MAC address, by name (shell wildcards allowed), or by both."""

    macaddress: MacAddress | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Nameservers:
    """The addresses of DNS servers, and the domains in which short names are looked up."""

    addresses: tuple[Address, ...] = ()
    search: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Ethernet:
    """One wired interface; without ``match`` the kickstart's own name for it is its name."""

    name: str
    match: InterfaceMatch = InterfaceMatch()
    dhcp4: bool = False
    dhcp6: bool = False
    addresses: tuple[Interface, ...] = ()
    routes: tuple[Route, ...] = ()
    nameservers: Nameservers = Nameservers()
    mtu: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ntp:
    """The time servers, by name or address; none: those that Debian has set."""

    servers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """Every interface that the host configures."""

    ethernets: Annotated[tuple[Ethernet, ...], NAMED]
