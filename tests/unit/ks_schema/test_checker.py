"""The schema's findings: all at once, in plain words, with their places, without secrets."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ks_schema import Document, Problem, check, load, schema

# A busy machine makes no test fail.
CALM = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

SECRET = "hunter2"
GOOD_HASHES = [
    "$6$rounds=100000$saltsaltsaltsalt$" + "a" * 86,
    "$6$salt$" + "./A9z" * 17 + "b",
    "$5$salt$" + "a" * 43,
    "$y$j9T$F5Jx5fExrKuPp53xLKQ..1$" + "X" * 43,
    "$2b$12$" + "a" * 53,
]


def found(data: dict[str, Any]) -> list[tuple[str, str, str]]:
    problems = check(Document(data={"version": 1, **data}))
    return [(problem.pointer, problem.message, problem.hint) for problem in problems]


def only(data: dict[str, Any]) -> Problem:
    (problem,) = check(Document(data={"version": 1, **data}))
    return problem


def test_a_sound_document_has_no_problems() -> None:
    assert found({"hostname": "a", "users": ({"name": "ops"},)}) == []


def test_data_of_the_screens_may_be_of_other_mappings() -> None:
    data = MappingProxyType({"version": 1, "storage": MappingProxyType({"disk": "Main"})})
    assert [each.pointer for each in check(Document(data=data))] == ["/storage/disk"]


def test_everything_is_told_at_once_in_the_order_of_the_lines() -> None:
    text = '{\n"finish": {"on_succes": 1},\n"users": [{}],\n"hostname": "-"\n}'
    problems = check(load(text, name="ks.json"))
    assert [(each.line, each.column, each.pointer) for each in problems] == [
        (1, 1, ""),
        (2, 12, "/finish/on_succes"),
        (3, 11, "/users/0"),
        (4, 1, "/hostname"),
    ]
    assert str(problems[1]) == (
        'ks.json:2:12: /finish/on_succes: unknown key "on_succes" here '
        '(did you mean "on_success"? allowed here: on_success, on_failure)'
    )


@pytest.mark.parametrize(
    ("data", "pointer", "message", "hint"),
    [
        ({"hostnam": 1}, "/hostnam", 'unknown key "hostnam" here', 'mean "hostname"?'),
        ({"Host-Name": 1}, "/Host-Name", 'unknown key "Host-Name"', 'mean "hostname"?'),
        ({"zzz": 1}, "/zzz", 'unknown key "zzz" here', "allowed here: version, hostname"),
        ({"disk": "x"}, "/disk", "unknown key", 'name the disk in "disks"'),
        ({"a/b~": 1}, "/a~1b~0", 'unknown key "a/b~" here', "allowed here"),
        ({"version": 2}, "/version", "2", "allowed: 1"),
        ({"version": "1"}, "/version", "this must be a whole number, not a text", "without quotes"),
        ({"version": True}, "/version", "this must be a whole number, not true or false", ""),
        ({"hostname": 7}, "/hostname", "this must be a text, not a whole number", "in quotes"),
        ({"hostname": None}, "/hostname", "this must be a text, not nothing", "letters, digits"),
        ({"hostname": "a b"}, "/hostname", '"a b" is not of the right form', "letters, digits"),
        ({"hostname": "a\n"}, "/hostname", r'"a\n" is not of the right form', "letters"),
        ({"hostname": "a" * 63 + ".bb"}, "/hostname", "too long: at most 64 characters", ""),
        ({"users": {}}, "/users", "this must be a list, not an object", ""),
        ({"users": "x"}, "/users", "this must be a list, not a text", "in brackets: [...]"),
        ({"users": [[]]}, "/users/0", "an object (keys with values), not a list", "keys are name"),
        ({"users": [{}]}, "/users/0", 'the key "name" is missing', "The login name"),
        ({"users": [{"name": "a", "uid": 5}]}, "/users/0/uid", "5 is too small: at least 1000", ""),
        ({"users": [{"name": "a", "uid": 10**9}]}, "/users/0/uid", "too large: at most 59999", ""),
        (
            {"users": [{"name": "a", "groups": ["b", "c", "b"]}]},
            "/users/0/groups/2", "this is the same as item 1 of the list", "take one away",
        ),
        ({"disks": {}}, "/disks", "this must not be empty", ""),
        ({"disks": {"A": {"serial": "1"}}}, "/disks/A", '"A" is not a valid name', "small letter"),
        ({"disks": {"a": {}}}, "/disks/a", "exactly one of these keys must be here", ""),
        (
            {"disks": {"a": {"device": "/dev/sda", "serial": "1"}}},
            "/disks/a", "only one of device and serial can be here", "exactly one of",
        ),
        (
            {"disks": {"a": {"serial": "1", "pick": "smallest"}}},
            "/disks/a/pick", '"pick" is only valid with "match"', "remove it",
        ),
        ({"disks": {"a": "x"}}, "/disks/a", "an object", "exactly one of device, serial, match"),
        ({"disks": {"a": {"devise": "x"}}}, "/disks/a/devise", "unknown key", 'mean "device"?'),
        ({"disks": {"a": {"size": "1 TB"}}}, "/disks/a/size", "unknown key", 'into "match"'),
        ({"disks": {"a": {"match": {"size": "1 TB"}}}}, "/disks/a/match/size", "object", "min"),
        ({"disks": {"a": {"match": {"any_of": []}}}}, "/disks/a/match/any_of", "not be empty", ""),
        (
            {"disks": {"a": {"match": {"any_of": [{}, {"transport": "nvmee"}]}}}},
            "/disks/a/match/any_of/1/transport", '"nvmee" is not allowed', 'did you mean "nvme"?',
        ),
        ({"disks": {"a": {"device": "sda"}}}, "/disks/a/device", '"sda" is not', "path below /dev"),
        ({"disks": {"a": {"device": "/dev/../etc/x"}}}, "/disks/a/device", "right form", ""),
        ({"disks": {"a": {"serial": ""}}}, "/disks/a/serial", "must not be empty", ""),
        ({"storage": {"layout": "whole-disk"}}, "/storage/layout", '"whole-disk" is not allowed',
         'did you mean "whole_disk"? allowed: whole_disk'),
        ({"storage": {"swap": {"kind": "file", "size": "2G"}}}, "/storage/swap/size",
         '"2G" is not of the right form', 'like "20 GiB"'),
        ({"storage": {"swap": {"kind": "file", "size": 0}}}, "/storage/swap/size", "too small", ""),
        ({"version": 2}, "/version", "2 is not allowed here", "allowed: 1"),
        ({"packages": {"set": "minimum"}}, "/packages/set", '"minimum" is not allowed here',
         'did you mean "minimal"? allowed: minimal, full'),
        ({"packages": {"set": True}}, "/packages/set", "must be a text", "allowed: minimal, full"),
        ({"boot": {"kernel_arguments": ["a b"]}}, "/boot/kernel_arguments/0", "right form", ""),
        ({"boot": {"kernel_arguments": ["a;b"]}}, "/boot/kernel_arguments/0", "right form", ""),
        ({"boot": {"console": "tty1"}}, "/boot/console", "right form", "like ttyS0,115200"),
        ({"locale": "en_US"}, "/locale", '"en_US" is not', "like en_GB.UTF-8"),
        ({"timezone": "../UTC"}, "/timezone", "right form", "IANA"),
        ({"network": {}}, "/network", 'the key "ethernets" is missing', ""),
        (
            {"network": {"ethernets": {"a": {"dhcp4": "no"}}}},
            "/network/ethernets/a/dhcp4", "must be true or false, not a text", "write false",
        ),
        (
            {"network": {"ethernets": {"a": {"gateway4": "192.0.2.1"}}}},
            "/network/ethernets/a/gateway4", "unknown key", '"routes": [{"to": "default"',
        ),
        (
            {"network": {"ethernets": {"a": {"match": {}}}}},
            "/network/ethernets/a/match", "at least one of these keys", "",
        ),
        ({"services": {"docker": "on"}}, "/services/docker", '"on" is not allowed', "enabled"),
        ({"services": {"../x": "enabled"}}, "/services/..~1x", "not a valid name", "systemd unit"),
        ({"scripts": {"post": [{"run": []}]}}, "/scripts/post/0/run", "must not be empty", ""),
        ({"scripts": {"post": [{"run": "x"}]}}, "/scripts/post/0/run", "must be a list", ""),
        ({"scripts": {"post": [{"run": ["x"], "timeout": 0}]}}, "/scripts/post/0/timeout",
         "0 is too small: more than 0", ""),
        ({"root": {"password": {}}}, "/root/password", "exactly one of these keys must be", ""),
        ({"root": {"password": {"locked": False}}}, "/root/password/locked", "not allowed", "true"),
        ({"root": {"ssh_keys": ["a\nb"]}}, "/root/ssh_keys/0", "right form", ".pub"),
    ],
)  # fmt: skip
def test_the_words_help(data: dict[str, Any], pointer: str, message: str, hint: str) -> None:
    problem = only(data)
    assert problem.pointer == pointer
    assert message in problem.message
    assert hint in problem.hint


@pytest.mark.parametrize(
    "password",
    [
        SECRET,
        [SECRET],
        {"hash": SECRET},
        {"hash": f"$1$salt${SECRET}"},
        {"hash": f"$6$salt${SECRET}"},
        {"plain": f"{SECRET}\n"},
        {"plain": f"{SECRET}" * 100},
        {"plain": [SECRET]},
        {"plain": SECRET, "locked": True},
        {"file": SECRET},
        {"locked": SECRET},
        {f"plain:{SECRET}": None},
        {f"plain:{SECRET}": None, "locked": True},
        {f"plain {SECRET}": "x", "plainn": SECRET},
    ],
)
def test_no_message_has_a_secret(password: Any) -> None:
    for data in (
        {"root": {"password": password}},
        {"users": [{"name": "a", "password": password}]},
    ):
        problems = check(Document(data={"version": 1, **data}))
        assert problems
        assert SECRET not in "".join(map(str, problems))
        assert SECRET not in repr(problems)


def test_keys_and_scripts_are_not_repeated() -> None:
    private = f"-----BEGIN {SECRET}\n"
    data = {"root": {"ssh_keys": [private]}, "scripts": {"post": [{"run": [f"{SECRET}\n"]}]}}
    problems = check(Document(data={"version": 1, **data}))
    assert len(problems) == 2
    assert SECRET not in str(problems)


@pytest.mark.parametrize("text", GOOD_HASHES)
def test_hashes_of_crypt_are_taken(text: str) -> None:
    assert found({"root": {"password": {"hash": text}}}) == []


def test_long_values_are_cut_and_control_characters_shown_as_such() -> None:
    assert len(only({"packages": {"set": "x" * 500}}).message) < 100
    assert "\x1b" not in only({"packages": {"set": "\x1b[2J"}}).message


@pytest.mark.parametrize(
    "device",
    ["/dev/sda", "/dev/disk/by-path/pci-0000:00:1f.2-ata-1", "/dev/disk/by-id/usb-A_B\\x20C-0:0",
     "/dev/mapper/a..b", "/dev/cciss/c0d0"],
)  # fmt: skip
def test_device_paths(device: str) -> None:
    assert found({"disks": {"default": {"device": device}}}) == []


def test_faults_of_a_list_are_bounded_and_none_is_taken_for_sound() -> None:
    users = [{"name": f"u{number}", "groups": [5]} for number in range(200)]
    problems = found({"users": users})
    assert len(problems) == 101
    assert ("/users", "there are more faults in this than are shown", "") in problems
    places = [f"/users/{number}/groups/0" for number in range(100)]
    assert [each[0] for each in problems if each[0] != "/users"] == places


def test_of_too_many_items_none_is_looked_at() -> None:
    assert only({"users": [{"name": "a", "groups": [{}] * 65}]}).pointer == "/users/0/groups"
    assert "at most 256" in only({"disks": {f"d{number}": 5 for number in range(257)}}).message
    assert "at most 512" in only({"services": {f"s{i}": "on" for i in range(513)}}).message


def test_what_comes_twice_is_found_beside_what_is_of_the_wrong_type() -> None:
    groups = ["a", {"x": 1}, "b", "a", {"x": 1}]
    problems = found({"users": [{"name": "a", "groups": groups}]})
    assert [each[:2] for each in sorted(problems)] == [
        ("/users/0/groups/1", "this must be a text, not an object (keys with values)"),
        ("/users/0/groups/3", "this is the same as item 1 of the list"),
        ("/users/0/groups/4", "this must be a text, not an object (keys with values)"),
    ]


def test_unknown_keys_are_counted_when_there_are_many() -> None:
    problems = found({"storage": {f"key{number}": 1 for number in range(15)}})
    assert len(problems) == 11
    assert problems[-1][:2] == ("/storage", "and 5 more keys that are not known here")


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)


@settings(CALM, max_examples=150)
@given(st.dictionaries(st.sampled_from(list(schema()["properties"])) | st.text(), JUNK))
def test_any_data_gives_problems_and_no_error(data: dict[str, Any]) -> None:
    for problem in check(Document(data=data)):
        assert problem.message
