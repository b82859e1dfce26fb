"""The network interfaces that are hardware, with what is plugged into them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from installer.errors import CommandFailed
from installer.machine.facts import NetworkInterface
from installer.machine.probe.sysfs import read_text
from installer.system.runner import Runner

_ETHERNET = "1"  # ARPHRD_ETHER of linux/if_arp.h, which Wi-Fi has as well


def probe_interfaces(runner: Runner, root: Path) -> tuple[NetworkInterface, ...]:
    """Every interface with a device behind it, by name; bridges, tunnels and ``lo`` have none."""
    folder = root / "sys/class/net"
    if not folder.is_dir():
        return ()
    addresses = _addresses(runner)
    return tuple(
        _interface(each, addresses.get(each.name, ()))
        for each in sorted(folder.iterdir())
        if (each / "device").exists() and read_text(each / "type") == _ETHERNET
    )


def addresses_of(links: object) -> dict[str, tuple[str, ...]]:
    """Addresses with prefix length for each interface, from what ``ip -json address`` prints.

    Link-local ones are left out: they say nothing about the network.
    """
    return {
        link["ifname"]: tuple(
            f"{address['local']}/{address['prefixlen']}"
            for address in _objects(link.get("addr_info"))
            if address.get("scope") != "link" and {"local", "prefixlen"} <= address.keys()
        )
        for link in _objects(links)
        if isinstance(link.get("ifname"), str)
    }


def _objects(data: object) -> Iterator[Mapping[str, Any]]:
    for each in data if isinstance(data, list) else ():
        if isinstance(each, Mapping):
            yield each


def _interface(folder: Path, addresses: tuple[str, ...]) -> NetworkInterface:
    driver = folder / "device/driver"
    return NetworkInterface(
        name=folder.name,
        mac=read_text(folder / "address"),
        driver=driver.resolve().name if driver.exists() else "",
        carrier=read_text(folder / "carrier") == "1",
        addresses=addresses,
    )


def _addresses(runner: Runner) -> dict[str, tuple[str, ...]]:
    try:
        return addresses_of(json.loads(runner.run(["ip", "-json", "address"])))
    except (CommandFailed, ValueError, RecursionError):
        # Addresses are shown to people, nothing depends on them: better none than no installation.
        return {}
