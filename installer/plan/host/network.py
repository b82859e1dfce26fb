"""The network of the installed host, as files of systemd-networkd and systemd-timesyncd."""

from __future__ import annotations

from installer.actions.host.files import WriteFile
from installer.config.network import Ethernet, Network, Ntp

_FOLDER = "/etc/systemd/network"
_TIME_SERVERS = "/etc/systemd/timesyncd.conf.d/50-photon.conf"

_DHCP_EVERYWHERE = """\
[Match]
Type=ether
Kind=!*

[Network]
DHCP=yes
"""


def network_files(network: Network | None) -> tuple[WriteFile, ...]:
    """A file for each interface; with no network asked for, DHCP on every wired interface."""
    if network is None:
        return (WriteFile(path=f"{_FOLDER}/80-dhcp.network", text=_DHCP_EVERYWHERE),)
    return tuple(
        WriteFile(path=f"{_FOLDER}/50-{each.name}.network", text=network_text(each))
        for each in network.ethernets
    )


def ntp_files(ntp: Ntp) -> tuple[WriteFile, ...]:
    """The time servers (timesyncd.conf(5)); without any the payload's own are asked."""
    if not ntp.servers:
        return ()
    return (WriteFile(path=_TIME_SERVERS, text=f"[Time]\nNTP={' '.join(ntp.servers)}\n"),)


def network_text(ethernet: Ethernet) -> str:
    """One interface in networkd's words."""
    sections = [
        ("Match", _match(ethernet)),
        ("Link", [f"MTUBytes={ethernet.mtu}"] if ethernet.mtu else []),
        ("Network", _network(ethernet)),
    ]
    for route in ethernet.routes:
        to = [] if route.to == "default" else [f"Destination={route.to}"]
        sections.append(("Route", [*to, f"Gateway={route.via}"]))
    return "\n".join("\n".join([f"[{name}]", *lines]) + "\n" for name, lines in sections if lines)


def _match(ethernet: Ethernet) -> list[str]:
    match = ethernet.match
    if match.macaddress or match.name:
        mac = [f"MACAddress={match.macaddress}"] if match.macaddress else []
        return mac + ([f"Name={match.name}"] if match.name else [])
    return [f"Name={ethernet.name}"]


def _network(ethernet: Ethernet) -> list[str]:
    dhcp = {(True, True): "yes", (True, False): "ipv4", (False, True): "ipv6"}.get(
        (ethernet.dhcp4, ethernet.dhcp6), "no"
    )
    lines = [f"DHCP={dhcp}"]
    lines += [f"Address={address}" for address in ethernet.addresses]
    lines += [f"DNS={server}" for server in ethernet.nameservers.addresses]
    if ethernet.nameservers.search:
        lines.append(f"Domains={' '.join(ethernet.nameservers.search)}")
    return lines
