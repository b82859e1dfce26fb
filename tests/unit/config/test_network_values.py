"""What systemd-networkd ignores is refused; what it takes is written in its one normal form.

Each value below was given to systemd-networkd 257 in a .network file, with its debug log.
"""

from __future__ import annotations

from typing import Any

import pytest

from installer.config.kickstart import InstallConfig
from installer.config.read import from_document
from installer.config.write import to_document
from installer.errors import KickstartInvalid
from installer.plan.host.network import network_files, ntp_files
from ks_schema import Document, Problem
from tests.engine import kickstart

LEAST: dict[str, Any] = {
    "version": 1,
    "disks": {"default": {"device": "/dev/sda"}},
    "root": {"password": {"hash": "$6$saltsalt$" + "a" * 86}},
}
FIXED: dict[str, Any] = {"addresses": ["192.0.2.5/24"]}


def config(name: str = "eth0", **data: Any) -> InstallConfig:
    document = {**LEAST, "network": {"ethernets": {name: data}}}
    return from_document(Document(data=document))


def finding(name: str = "eth0", **data: Any) -> Problem:
    with pytest.raises(KickstartInvalid) as caught:
        config(name, **data)
    (problem,) = caught.value.problems
    return problem


def text(**data: Any) -> str:
    (file,) = network_files(config(**data).network)
    return file.text


@pytest.mark.parametrize(
    ("said", "hint"),
    [
        ("192.0.2.5/255.255.255.0", "did you mean 192.0.2.5/24?"),
        ("192.0.2.5/0.0.0.255", "did you mean 192.0.2.5/24?"),
        ("192.0.2.5/024", "did you mean 192.0.2.5/24?"),
        ("2001:db8::5/064", "did you mean 2001:db8::5/64?"),
        ("192.0.2.5/255.255.0.255", "like 192.0.2.5/24"),
        ("192.0.02.5/24", "like 192.0.2.5/24"),
        ("192.0.2.5/+24", "like 192.0.2.5/24"),
        ("192.0.2.5/", "like 192.0.2.5/24"),
        ("fe80::5%eth0/64", "like 192.0.2.5/24"),
    ],
)
def test_an_address_has_the_length_of_its_prefix(said: str, hint: str) -> None:
    found = finding(addresses=[said])
    assert found.pointer == "/network/ethernets/eth0/addresses/0"
    assert hint in found.hint


@pytest.mark.parametrize(
    ("said", "hint"),
    [
        ("10.0.0.0/255.0.0.0", "did you mean 10.0.0.0/8?"),
        ("10.0.0.0/0.255.255.255", "did you mean 10.0.0.0/8?"),
        ("10.0.0.0/08", "did you mean 10.0.0.0/8?"),
        ("10.1.2.3/8", "did you mean 10.0.0.0/8?"),
        ("10.0.0.0/8%", "like 198.51.100.0/24"),
        ("fe80::%x/64", "like 198.51.100.0/24"),
    ],
)
def test_the_destination_of_a_route_is_a_network(said: str, hint: str) -> None:
    found = finding(**FIXED, routes=[{"to": said, "via": "192.0.2.1"}])
    assert found.pointer == "/network/ethernets/eth0/routes/0/to"
    assert hint in found.hint


def test_a_wrong_address_is_the_only_finding_of_its_interface() -> None:
    routes = [{"to": "default", "via": "192.0.2.1"}]
    assert finding(addresses=["192.0.2.5/255.255.255.0"], routes=routes).pointer.endswith("/0")


@pytest.mark.parametrize("text", ["fe80::%x\n[Match]\nName=*\n#/64", "10.0.0.0/8\n", "10.0.0.0/8 "])
@pytest.mark.parametrize("place", ["addresses/0", "routes/0/to", "routes/0/via", "nameservers"])
def test_no_line_break_gets_into_the_file(place: str, text: str) -> None:
    data: dict[str, Any] = {"dhcp4": True}
    match place:
        case "addresses/0":
            data["addresses"] = [text]
        case "routes/0/to":
            data["routes"] = [{"to": text, "via": "192.0.2.1"}]
        case "routes/0/via":
            data["routes"] = [{"to": "default", "via": text}]
        case _:
            data["nameservers"] = {"addresses": [text]}
    assert place.partition("/")[0] in finding(**data).pointer


@pytest.mark.parametrize(
    "via", ["0.0.0.0", "224.0.0.1", "127.0.0.1", "255.255.255.255", "192.0.2.5", "192.0.2.0",
            "192.0.2.255", "::ffff:192.0.2.1", "::", "ff02::1", "fe80::1%eth0", "192.0.2.1/24"],
)  # fmt: skip
def test_a_gateway_is_another_host(via: str) -> None:
    found = finding(**FIXED, dhcp4=True, dhcp6=True, routes=[{"to": "default", "via": via}])
    assert found.pointer == "/network/ethernets/eth0/routes/0/via"


@pytest.mark.parametrize(
    "address", ["255.255.255.255/32", "192.0.2.5/0", "2001:db8::5/0", "::ffff:192.0.2.5/120"]
)
def test_addresses_that_no_host_has(address: str) -> None:
    assert finding(addresses=[address]).pointer.endswith("/addresses/0")


def test_what_is_written_is_in_its_normal_form() -> None:
    written = text(
        addresses=["2001:DB8:0:0::5/64", "192.0.2.5/24"],
        routes=[
            {"to": "2001:DB8:1::/48", "via": "FE80:0::1"},
            {"to": "10.0.0.5", "via": "192.0.2.1"},
        ],
        nameservers={"addresses": ["2001:DB8::0053"]},
    )
    assert "Address=2001:db8::5/64\nAddress=192.0.2.5/24\nDNS=2001:db8::53\n" in written
    assert "Destination=2001:db8:1::/48\nGateway=fe80::1\n" in written
    assert "Destination=10.0.0.5/32\nGateway=192.0.2.1\n" in written


@pytest.mark.parametrize("name", ["12", "0x12", "0b1", "all", "default", "007"])
def test_names_that_systemd_takes_for_no_interface(name: str) -> None:
    assert finding(name, dhcp4=True).pointer == f"/network/ethernets/{name}"
    found = finding(dhcp4=True, match={"name": name})
    assert found.pointer == "/network/ethernets/eth0/match/name"


@pytest.mark.parametrize("mac", ["ff:ff:ff:ff:ff:ff", "00:00:00:00:00:00", "01:00:5e:00:00:01"])
def test_a_hardware_address_is_that_of_one_interface(mac: str) -> None:
    found = finding(dhcp4=True, match={"macaddress": mac})
    assert found.pointer == "/network/ethernets/eth0/match/macaddress"


@pytest.mark.parametrize(
    "domain", ["localhost", "LOCALHOST", "a.localhost", "localhost.localdomain"]
)
def test_this_host_is_no_search_domain(domain: str) -> None:
    found = finding(dhcp4=True, nameservers={"search": ["example.net", domain]})
    assert found.pointer == "/network/ethernets/eth0/nameservers/search/1"


def test_ipv6_needs_its_least_mtu() -> None:
    for data in ({"dhcp6": True}, {"addresses": ["2001:db8::5/64"]}):
        found = finding(mtu=1279, **data)
        assert found.pointer == "/network/ethernets/eth0/mtu"
        assert "MTUBytes=1280" in text(mtu=1280, **data)
    assert "MTUBytes=576" in text(mtu=576, dhcp4=True)


@pytest.mark.parametrize("server", ["ntp.example.net", "192.0.2.123", "2001:db8::123", "time"])
def test_time_servers(server: str) -> None:
    made = from_document(Document(data=kickstart(ntp={"servers": [server]})))
    (file,) = ntp_files(made.ntp)
    assert file.text == f"[Time]\nNTP={server}\n"
    assert to_document(made)["ntp"] == {"servers": [server]}


def test_without_time_servers_the_payload_decides() -> None:
    assert ntp_files(from_document(Document(data=kickstart())).ntp) == ()


@pytest.mark.parametrize(
    ("server", "place"),
    [
        ("192.0.2.256", "/ntp/servers/0"),
        ("192.0.2", "/ntp/servers/0"),
        ("2001:db8::1::2", "/ntp/servers/0"),
        ("fe80::1:", "/ntp/servers/0"),
        ("127.0.0.1", "/ntp/servers/0"),
        ("::", "/ntp/servers/0"),
        ("0.0.0.0", "/ntp/servers/0"),
        ("ntp example", "/ntp/servers/0"),
        ("ntp\nNTP=", "/ntp/servers/0"),
        ("-ntp", "/ntp/servers/0"),
    ],
)
def test_what_no_time_server_is_called(server: str, place: str) -> None:
    with pytest.raises(KickstartInvalid) as caught:
        from_document(Document(data=kickstart(ntp={"servers": [server]})))
    assert [each.pointer for each in caught.value.problems] == [place]


@pytest.mark.parametrize("state", ["disabled", "masked"])
@pytest.mark.parametrize("unit", ["systemd-timesyncd", "systemd-timesyncd.service"])
def test_time_servers_need_who_asks_them(unit: str, state: str) -> None:
    data = kickstart(ntp={"servers": ["ntp.example.net"]}, services={unit: state})
    with pytest.raises(KickstartInvalid) as caught:
        from_document(Document(data=data))
    (problem,) = caught.value.problems
    assert problem.pointer == "/ntp"
    assert f"{unit} is {state}" in problem.message
