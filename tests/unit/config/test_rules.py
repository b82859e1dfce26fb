"""The rules that a schema cannot say, and how they stand beside its findings."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from installer.config import from_document
from installer.config.ssh_keys import key_fault
from installer.errors import KickstartInvalid
from ks_schema import Document, Problem, load


def wire(*fields: bytes) -> str:
    """The second part of a public key line."""
    blob = b"".join(len(field).to_bytes(4, "big") + field for field in fields)
    return base64.b64encode(blob).decode()


ED25519 = f"ssh-ed25519 {wire(b'ssh-ed25519', bytes(32))} ops@desk"
RSA = f"ssh-rsa {wire(b'ssh-rsa', b'123', bytes(256))}"
BASE = {
    "version": 1,
    "disks": {"default": {"device": "/dev/sda"}},
    "root": {"ssh_keys": [ED25519]},
}


def problems(data: dict[str, Any]) -> tuple[Problem, ...]:
    try:
        from_document(Document(data=data))
    except KickstartInvalid as error:
        return error.problems
    return ()


def only(**data: Any) -> Problem:
    found = problems({**BASE, **data})
    assert len(found) == 1, found
    return found[0]


def ethernet(**data: Any) -> dict[str, Any]:
    return {"ethernets": {"eth0": data}}


def test_the_base_is_sound() -> None:
    assert problems(BASE) == ()


def test_the_disk_must_be_named() -> None:
    (found,) = problems({key: value for key, value in BASE.items() if key != "disks"})
    assert found.pointer == "/disks"
    assert found.message == "no disk is named"
    assert "photon.disk=" in found.hint


def test_the_disk_that_storage_names_must_be_there() -> None:
    found = only(storage={"disk": "defalt"})
    assert (found.pointer, found.message) == ("/storage/disk", 'no disk is called "defalt"')
    assert found.hint == 'did you mean "default"? "disks" has: default'


def test_a_disk_of_another_name_must_be_named_by_storage() -> None:
    found = only(disks={"main": {"serial": "1"}})
    assert found.pointer == "/disks"
    assert '"storage": {"disk": "main"}' in found.hint


def test_a_range_of_sizes_has_disks_in_it() -> None:
    match: dict[str, Any] = {"size": {"min": "2 TB", "max": "2 TB"}}
    assert problems({**BASE, "disks": {"default": {"match": match}}}) == ()
    match = {"any_of": [{}, {"size": {"min": "2 TiB", "max": "2 TB"}}]}
    found = only(disks={"default": {"match": match}})
    assert found.pointer == "/disks/default/match/any_of/1/size"
    assert found.message == "no disk is this large and this small"


def test_a_host_that_stays_does_not_become_another_one() -> None:
    found = only(storage={"layout": "free_space", "preserve": ["machine_id"]})
    assert (found.pointer, found.message) == (
        "/storage/preserve",
        "free_space leaves the earlier host as it is",
    )


def test_disks_to_wipe_are_others_that_are_named() -> None:
    disks = {"default": {"serial": "1"}, "second": {"serial": "2"}}
    assert problems({**BASE, "disks": disks, "storage": {"wipe": ["second"]}}) == ()
    found = only(disks=disks, storage={"wipe": ["second", "secnd"]})
    assert (found.pointer, found.message) == ("/storage/wipe/1", 'no disk is called "secnd"')
    assert 'did you mean "second"?' in found.hint
    found = only(disks=disks, storage={"wipe": ["default"]})
    assert found.message == '"default" is the disk to install onto'


def test_swap_of_no_kind_has_no_size() -> None:
    found = only(storage={"swap": {"kind": "none", "size": "1 GiB"}})
    assert found.pointer == "/storage/swap/size"


def test_swap_has_a_size_worth_having() -> None:
    assert only(storage={"swap": {"kind": "file", "size": "0 B"}}).pointer == "/storage/swap/size"
    assert problems({**BASE, "storage": {"swap": {"kind": "file", "size": "1 MiB"}}}) == ()


def test_units_are_given_once_and_have_a_type() -> None:
    found = only(services={"docker": "enabled", "docker.service": "masked"})
    assert found.pointer == "/services/docker.service"
    assert only(services={"foo.bar": "enabled"}).message == (
        'systemd has no units of the type "bar"'
    )
    assert 'did you mean "timer"?' in only(services={"foo.timr": "enabled"}).hint


@pytest.mark.parametrize(
    ("post", "pointer"),
    [
        ([{"run": [" #!/bin/sh"]}], "/scripts/post/0/run/0"),
        ([{"run": ["#!sh"]}], "/scripts/post/0/run/0"),
        ([{"run": ["#!"]}], "/scripts/post/0/run/0"),
        ([{"run": ["x"], "timeout": "0 s"}], "/scripts/post/0/timeout"),
        ([{"run": ["x"], "timeout": "25 h"}], "/scripts/post/0/timeout"),
        ([{"run": ["x"], "name": "a"}, {"run": ["x"], "name": "a"}], "/scripts/post/1/name"),
        ([{"run": ["x"], "name": "post-2"}, {"run": ["x"]}], "/scripts/post/1/name"),
    ],
)
def test_scripts(post: list[Any], pointer: str) -> None:
    assert only(scripts={"post": post}).pointer == pointer


def test_scripts_with_and_without_an_interpreter() -> None:
    post = [{"run": ["#!/bin/sh -e", "true"]}, {"run": ["# note"]}, {"run": ["", "#! /bin/sh"]}]
    assert problems({**BASE, "scripts": {"post": post}}) == ()


@pytest.mark.parametrize(
    ("root", "users"),
    [
        (None, None),
        ({"password": {"locked": True}}, [{"name": "ops", "password": {"locked": True}}]),
        ({"ssh_keys": []}, [{"name": "ops", "ssh_keys": []}]),
    ],
)
def test_somebody_must_be_able_to_log_in(root: Any, users: Any) -> None:
    data = {**BASE, "root": root, "users": users}
    (found,) = problems({key: value for key, value in data.items() if value is not None})
    assert (found.pointer, found.message) == ("/users", "nobody could log in to this host")


@pytest.mark.parametrize(
    "account", [{"ssh_keys": [ED25519]}, {"password": {"plain": "x"}},
                {"password": {"hash": "$5$salt$" + "a" * 43}}]
)  # fmt: skip
def test_one_way_to_log_in_is_enough(account: dict[str, Any]) -> None:
    assert problems({**BASE, "root": account}) == ()
    assert problems({**BASE, "root": {}, "users": [{"name": "ops", **account}]}) == ()


@pytest.mark.parametrize(
    ("users", "pointer", "message"),
    [
        ([{"name": "root"}], "/users/0/name", "root is not one of the users"),
        ([{"name": "docker"}], "/users/0/name", "is the name of a system account or group"),
        ([{"name": "a"}, {"name": "a"}], "/users/1/name", 'there is another user "a" already'),
        (
            [{"name": "a", "uid": 1000}, {"name": "b", "uid": 1000}],
            "/users/1/uid",
            "the uid 1000 belongs to another user already",
        ),
        ([{"name": "a", "sudo": "password"}], "/users/0/sudo", "sudo asks for a password"),
        ([{"name": "a", "ssh_keys": ["ssh-rsa"]}], "/users/0/ssh_keys/0", "not a public key"),
    ],
)
def test_users(users: list[Any], pointer: str, message: str) -> None:
    found = only(users=users)
    assert found.pointer == pointer
    assert message in found.message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("-----BEGIN OPENSSH PRIVATE KEY-----", "this is a private key"),
        ("hunter2", "names no key type"),
        ("ssh-ed25519", "names no key type"),
        ("ssh-ed25519 hunter2!", "not base64"),
        ("ssh-ed25519 é", "not base64"),
        (ED25519.replace("A ops", "A\nops")[:40], "cut off or damaged"),
        (f"ssh-ed25519 {wire(b'ssh-ed25519')}", "cut off or damaged"),
        (f"ssh-rsa {wire(b'ssh-ed25519', bytes(32))}", "of another type"),
    ],
)
def test_texts_that_are_no_public_keys(text: str, message: str) -> None:
    fault = key_fault(text)
    assert fault is not None
    assert message in fault[0]
    assert "hunter2" not in "".join(fault)


@pytest.mark.parametrize(
    ("data", "place", "message"),
    [
        ({}, "", "this interface would get no address"),
        ({"addresses": ["192.0.2.5"]}, "/addresses/0", "not an address with the length"),
        ({"addresses": ["192.0.2.5/33"]}, "/addresses/0", "not an address with the length"),
        ({"addresses": ["fe80::1%eth0/64"]}, "/addresses/0", "not an address with the length"),
        ({"addresses": ["192.0.2.0/24"]}, "/addresses/0", "is the address of a network"),
        ({"addresses": ["192.0.2.255/24"]}, "/addresses/0", "is the broadcast address"),
        ({"addresses": ["224.0.0.1/24"]}, "/addresses/0", "not an address that a host can have"),
        ({"addresses": ["::/64"]}, "/addresses/0", "not an address that a host can have"),
        ({"addresses": ["192.0.2.5/24", "192.0.2.5/25"]}, "/addresses/1", "is given twice"),
        (
            {"dhcp6": True, "routes": [{"to": "default", "via": "192.0.2.1"}]},
            "/routes/0/via",
            "is in none of this interface's networks",
        ),
        (
            {"addresses": ["192.0.2.5/24"], "routes": [{"to": "default", "via": "192.0.3.1"}]},
            "/routes/0/via",
            "the gateway 192.0.3.1 is in none",
        ),
        ({"dhcp4": True, "routes": [{"to": "default", "via": "x"}]}, "/routes/0/via", '"x" is not'),
        (
            {"dhcp4": True, "routes": [{"to": "10.0.0.1/8", "via": "10.0.0.1"}]},
            "/routes/0/to",
            "is not a network",
        ),
        ({"dhcp4": True, "routes": [{"to": "x", "via": "10.0.0.1"}]}, "/routes/0/to", "not a net"),
        (
            {"dhcp4": True, "routes": [{"to": "2001:db8::/32", "via": "10.0.0.1"}]},
            "/routes/0",
            "the network is IPv6, its gateway IPv4",
        ),
        (
            {"dhcp4": True, "nameservers": {"addresses": ["dns"]}},
            "/nameservers/addresses/0",
            '"dns',
        ),
        (
            {"dhcp4": True, "nameservers": {"addresses": ["192.0.2.53/32"]}},
            "/nameservers/addresses/0",
            "is not the address of a name server",
        ),
    ],
)
def test_the_network(data: dict[str, Any], place: str, message: str) -> None:
    found = only(network=ethernet(**data))
    assert found.pointer == f"/network/ethernets/eth0{place}"
    assert message in found.message


@pytest.mark.parametrize(
    "data",
    [
        {"dhcp4": True, "routes": [{"to": "default", "via": "10.9.9.9"}]},
        {"addresses": ["192.0.2.5/31"], "routes": [{"to": "10.0.0.0/8", "via": "192.0.2.4"}]},
        {"addresses": ["192.0.2.5/32"], "nameservers": {"addresses": ["127.0.0.53", "::1"]}},
        {"addresses": ["2001:db8::5/64"], "routes": [{"to": "default", "via": "fe80::1"}]},
        {"addresses": ["2001:db8::/64"], "routes": [{"to": "::/0", "via": "2001:db8::1"}]},
        {"addresses": ["192.0.2.5/24"], "routes": [{"to": "10.0.0.5", "via": "192.0.2.1"}]},
    ],
)
def test_networks_that_work(data: dict[str, Any]) -> None:
    assert problems({**BASE, "network": ethernet(**data)}) == ()


def test_two_entries_must_not_mean_one_interface() -> None:
    mac = {"macaddress": "52:54:00:aa:bb:cc"}
    both = {
        "a": {"match": mac, "dhcp4": True},
        "b": {"match": {"macaddress": "52:54:00:AA:BB:CC"}, "dhcp4": True},
    }
    assert only(network={"ethernets": both}).pointer == "/network/ethernets/b"
    named = {"eth0": {"dhcp4": True}, "b": {"match": {"name": "eth0"}, "dhcp4": True}}
    assert only(network={"ethernets": named}).pointer == "/network/ethernets/b"


def test_a_name_that_is_no_interface_needs_a_match() -> None:
    name = "the-uplink-of-the-rack"
    assert "too long" in only(network={"ethernets": {name: {"dhcp4": True}}}).message
    matched = {name: {"match": {"name": "en*"}, "dhcp4": True}}
    assert problems({**BASE, "network": {"ethernets": matched}}) == ()


def test_the_same_address_on_two_interfaces() -> None:
    both = {"a": {"addresses": ["192.0.2.5/24"]}, "b": {"addresses": ["192.0.2.5/24"]}}
    assert only(network={"ethernets": both}).pointer == "/network/ethernets/b/addresses/0"


def test_rules_and_schema_report_together_with_their_lines() -> None:
    text = """{"version": 1,
 "disks": {"default": {"device": "/dev/sda"}},
 "users": [{"name": "root"}, {"name": "b", "uid": "x"}],
 "root": {"ssh_keys": ["x"]},
 "storage": {"disk": "other", "layout": "lvm"},
 "network": {"ethernets": {"a": {}, "b": {"dhcp4": 1}}},
 "services": 1
}"""
    with pytest.raises(KickstartInvalid) as caught:
        from_document(load(text, name="ks.json"))
    places = [(each.line, each.pointer) for each in caught.value.problems]
    assert places == [
        (3, "/users/0/name"),
        (3, "/users/1/uid"),
        (4, "/root/ssh_keys/0"),
        (5, "/storage/disk"),
        (5, "/storage/layout"),
        (6, "/network/ethernets/a"),
        (6, "/network/ethernets/b/dhcp4"),
        (7, "/services"),
    ]
    assert str(caught.value).count("\n") == 7


def test_a_wrong_type_never_reaches_a_rule() -> None:
    keys = ("disks", "storage", "network", "root", "users", "services", "scripts", "timezone")
    values: tuple[Any, ...] = (1, None, "x", [], [1], [None], {"a": 1}, {"": None}, [[]], [{}])
    for junk in values:
        for key in keys:
            problems({**BASE, key: junk})
            for inner in ("ethernets", "post", "swap", "password", "ssh_keys", "disk", "default"):
                problems({**BASE, key: {inner: junk}})
                problems({**BASE, key: {inner: {"a": junk}}})
                problems({**BASE, key: [{inner: junk}]})


@pytest.mark.parametrize("length", [1, 7])
def test_a_short_passphrase_is_told_how_long_it_must_be(length: int) -> None:
    said = {"passphrase": {"plain": "x" * length}}
    found = only(storage={"encryption": said})
    assert found.pointer == "/storage/encryption/passphrase/plain"
    assert found.message == "this is too short: at least 8 characters"
    assert problems({**BASE, "storage": {"encryption": {"passphrase": {"plain": "x" * 8}}}}) == ()


def test_what_a_file_or_a_person_says_has_the_same_rules() -> None:
    for text, fault in (("short", "too short: at least 8"), ("x" * 257, "too long: at most 256")):
        for said in ({"file": "/x"}, {"ask": True}):
            data = {**BASE, "storage": {"encryption": {"passphrase": said}}}
            with pytest.raises(KickstartInvalid, match=fault):
                from_document(
                    Document(data=data),
                    read_secret=lambda _path, text=text: text,  # type: ignore[misc]
                    ask=lambda _pointer, text=text: text,  # type: ignore[misc]
                )


@pytest.mark.parametrize(
    "name",
    ["a\tb", "a\x1b[2Jb", "a\x7fb", "a\x85b", "a\x9bb", "a\u200eb", "a\u200fb", "a\u061cb",
     "a\u2028b", "a\u202eb", "a\u2066b", "\ufeffa", "a\u200bb", "a\u2060b", "a\u206eb",
     "a:b", "a,b", "a\nb"],
)  # fmt: skip
def test_a_full_name_has_neither_controls_nor_marks_of_direction(name: str) -> None:
    found = only(users=[{"name": "ops", "full_name": name}])
    assert found.pointer == "/users/0/full_name"
    assert found.message.isascii()


def test_full_names_in_any_script() -> None:
    for name in (
        "Olga P\u00e9rez",
        "\u5c71\u7530",
        "\u0639\u0644\u06cc\u200c\u0631\u0636\u0627",
        "-x",
        "",
    ):
        assert problems({**BASE, "users": [{"name": "ops", "full_name": name}]}) == ()


Y, B = "a" * 43, "a" * 53


@pytest.mark.parametrize(
    ("text", "good"),
    [
        (f"$y$j9T$abcdefgh${Y}", True),
        (f"$y$j75$a.${Y}", True),
        (f"$y$jFT${'a' * 85}.${Y}", True),
        (f"$y$j75$ab/${Y}", True),
        (f"$2b$04${B}", True),
        (f"$2b$31${B}", True),
        (f"$y$zzz$abcd${Y}", False),
        (f"$y$j$abcd${Y}", False),
        (f"$y$j9T$a${Y}", False),
        (f"$y$j75$ab${Y}", False),
        (f"$y$j75$abc${Y}", False),
        (f"$y$j9T${'a' * 88}${Y}", False),
        (f"$2b$03${B}", False),
        (f"$2b$99${B}", False),
    ],
)
def test_hashes_that_crypt_can_compute(text: str, good: bool) -> None:
    """Each was given to crypt(3) of libxcrypt 4.4.38: what it cannot compute opens nothing."""
    found = problems({**BASE, "root": {"password": {"hash": text}}})
    assert [each.pointer for each in found] == ([] if good else ["/root/password/hash"])


@pytest.mark.parametrize("name", ["192.0.2.5", "10.0.0.1"])
def test_a_host_is_not_called_like_an_address(name: str) -> None:
    assert only(hostname=name).pointer == "/hostname"
    assert problems({**BASE, "hostname": f"{name}.example.net"}) == ()
