"""Documents become configurations, and configurations become documents again."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from installer.config import from_document, hash_passwords, read_secret_file, to_document
from installer.config.accounts import Root, SudoRule, User
from installer.config.boot import BootMode, BootOrder
from installer.config.disks import DiskSelector
from installer.config.kickstart import EndAction, InstallConfig, ServiceState
from installer.config.network import Ethernet, InterfaceMatch, Network
from installer.config.packages import KernelFlavour, PackageSet
from installer.config.password import Password
from installer.config.storage import (
    Containers,
    Encryption,
    Preserved,
    RootFilesystem,
    Size,
    Storage,
    Swap,
    SwapKind,
    Tpm2,
)
from installer.errors import KickstartInvalid
from installer.secret import Secret
from ks_schema import Document, check, load
from ks_schema.reference import example

# A busy machine makes no test fail.
CALM = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f"
HASH = "$6$rounds=100000$saltsaltsaltsalt$" + "a" * 86
MENU_HASH = f"grub.pbkdf2.sha512.10000.{'A1' * 64}.{'b2' * 64}"
LEAST: dict[str, Any] = {
    "version": 1,
    "disks": {"default": {"device": "/dev/sda"}},
    "root": {"ssh_keys": [KEY]},
}


PASSPHRASE = "correct horse battery staple"


def config_of(**data: Any) -> InstallConfig:
    return from_document(Document(data={**LEAST, **data}))


def test_what_is_not_said_is_not_there() -> None:
    assert config_of() == InstallConfig(
        disks=(DiskSelector(name="default", device="/dev/sda"),), root=Root(ssh_keys=(KEY,))
    )


def test_what_is_said_to_editors_is_kept_and_means_nothing_else() -> None:
    config = config_of(**{"$schema": "./kickstart.schema.json"})
    assert replace(config, schema=None) == config_of()
    written = to_document(config)
    assert next(iter(written.items())) == ("$schema", "./kickstart.schema.json")
    assert "$schema" not in to_document(config_of())


def test_everything_said_arrives() -> None:
    config = from_document(load(example("full.json"), name="full.json"))
    assert config.schema == "../kickstart.schema.json"
    assert config.hostname == "edge-01.example.net"
    assert config.storage == Storage(
        disk="default",
        wipe=("old",),
        filesystem=RootFilesystem.BTRFS,
        swap=Swap(kind=SwapKind.FILE, size=2 << 30),
        mirror=("second",),
        lvm=True,
        encryption=Encryption(
            passphrase=Secret(PASSPHRASE), tpm2=Tpm2(pcrs=(7,)), recovery_key=True
        ),
        containers=Containers(size=Size(percent=60), filesystem=RootFilesystem.XFS),
        preserve=(Preserved.SSH_HOST_KEYS, Preserved.MACHINE_ID),
    )
    assert config.boot.mode is BootMode.EFI
    assert config.boot.requires_secure_boot
    assert config.boot.kernel_arguments == ("panic=10",)
    assert config.boot.console == "ttyS0,115200"
    assert (config.packages.set, config.packages.kernel) == (
        PackageSet.FULL,
        KernelFlavour.GENERIC,
    )
    assert config.network is not None
    uplink, management = config.network.ethernets
    assert (uplink.name, management.name) == ("uplink", "management")
    assert uplink.mtu == 9000
    assert uplink.nameservers.search == ("example.net",)
    assert management.dhcp6
    (user,) = config.users
    assert (user.name, user.uid, user.sudo) == ("ops", 1000, SudoRule.PASSWORD)
    assert config.services[0] == ("docker", ServiceState.ENABLED)
    assert config.scripts.post[0].timeout == 60.0
    assert config.finish.on_success is EndAction.POWEROFF
    assert to_document(config) == to_document(read_again(to_document(config)))


def read_again(data: dict[str, Any]) -> InstallConfig:
    """What a document gives that was written by the installer: it asks for the passphrases."""
    return from_document(Document(data=data), ask=answer)


def answer(pointer: str) -> str:
    """What opens a volume has spaces in it; a PIN and a password for once have none."""
    return PASSPHRASE if pointer.endswith("passphrase") else PASSPHRASE.replace(" ", "-")


def test_addresses_of_the_hardware_are_in_small_letters() -> None:
    ethernets = {"a": {"match": {"macaddress": "52:54:00:AA:BB:CC"}, "dhcp4": True}}
    network = config_of(network={"ethernets": ethernets}).network
    match = InterfaceMatch(macaddress="52:54:00:aa:bb:cc")
    assert network == Network(ethernets=(Ethernet(name="a", match=match, dhcp4=True),))


def test_no_interface_is_not_every_interface() -> None:
    assert config_of(network={"ethernets": {}}).network == Network(ethernets=())
    assert config_of().network is None


def test_whole_numbers_written_as_fractions_are_whole() -> None:
    config = from_document(load('{"version": 1.0, "disks": {"default": {"serial": "1"}}, "users": '
                                '[{"name": "a", "uid": 1.0e3, "password": {"plain": "x"}}]}',
                                name="ks.json"))  # fmt: skip
    assert repr(config.users[0].uid) == "1000"


def test_every_problem_is_in_the_one_exception() -> None:
    with pytest.raises(KickstartInvalid) as caught:
        config_of(hostname=1, users=[{}], storage={"disk": "x"})
    assert [each.pointer for each in caught.value.problems] == [
        "/hostname", "/users/0", "/storage/disk",
    ]  # fmt: skip
    assert caught.value.exit_code == 2


def test_secrets_in_files() -> None:
    users = [{"name": "ops", "password": {"file": "/run/ops"}}]
    data = {**LEAST, "root": {"password": {"file": "/run/root"}}, "users": users}
    config = from_document(Document(data=data), read_secret=lambda path: f"of {path}")
    assert config.root.password == Password(plain=Secret("of /run/root"))
    assert config.users[0].password == Password(plain=Secret("of /run/ops"))
    assert "of /run" not in repr(config)


def test_a_secret_that_cannot_be_read_is_a_problem_among_the_others(tmp_path: Path) -> None:
    password = {"file": str(tmp_path / "none")}
    with pytest.raises(KickstartInvalid) as caught:
        config_of(root={"password": password}, users=[{"name": "root"}], hostname="-")
    assert [each.pointer for each in caught.value.problems] == [
        "/hostname",
        "/users/0/name",
        "/root/password/file",
    ]
    assert "No such file" in caught.value.problems[2].message


def test_a_secret_file_has_its_password_in_the_first_line(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_bytes("pässword with spaces \r\nmore\n".encode())
    assert read_secret_file(str(file)) == "pässword with spaces "


@pytest.mark.parametrize("content", [b"", b"\nx", b"\xff\n", b"a\0b\n", b"x" * 5000, b"a\x1bb"])
def test_a_secret_file_without_a_password(content: bytes, tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_bytes(content)
    with pytest.raises(ValueError, match="file") as caught:
        read_secret_file(str(file))
    assert "xxx" not in str(caught.value)


def test_nobody_waits_for_a_secret_from_a_pipe_or_a_terminal(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", Path("/dev/zero"), tmp_path):
        with pytest.raises(ValueError, match="not a regular file"):
            read_secret_file(str(path))


def test_a_password_that_no_login_takes_is_refused(tmp_path: Path) -> None:
    text, file = "\u00fc" * 256, tmp_path / "password"
    file.write_text(text, encoding="utf-8")
    for key, value in {"plain": text, "file": str(file)}.items():
        with pytest.raises(KickstartInvalid) as caught:
            config_of(root={"password": {key: value}})
        (problem,) = caught.value.problems
        assert problem.pointer == f"/root/password/{key}"
        assert "longer than 511 bytes" in problem.message


def test_plain_passwords_are_hashed() -> None:
    plain = {"password": {"plain": "hunter2"}}
    config = config_of(root=plain, users=[{"name": "a", **plain}, {"name": "b"}])
    hashed = hash_passwords(config)
    passwords = (hashed.root.password, *(user.password for user in hashed.users))
    texts = [each.hashed for each in passwords]
    assert texts[2] is None
    for text in texts[:2]:
        assert text is not None
        assert text.reveal().startswith("$y$")
    assert texts[0] != texts[1]
    assert hash_passwords(config, salt="abc") == hash_passwords(config, salt="abc")
    assert hash_passwords(hashed) == hashed
    assert "hunter2" not in str(to_document(hashed))
    assert check(Document(data=to_document(hashed))) == ()


def test_a_plain_password_is_never_written_down() -> None:
    config = config_of(root={"password": {"plain": "hunter2"}})
    with pytest.raises(ValueError, match="hash it first") as caught:
        to_document(config)
    assert "hunter2" not in str(caught.value)


def test_defaults_are_left_out() -> None:
    data = {
        **LEAST,
        "hostname": "photon",
        "locale": "C.UTF-8",
        "storage": {"layout": "whole_disk", "disk": "default"},
        "boot": {"secure_boot": "optional", "kernel_arguments": []},
        "packages": {"set": "minimal", "kernel": "auto"},
        "users": [{"name": "ops", "sudo": "none", "shell": "/bin/bash", "groups": []}],
        "scripts": {"post": []},
        "finish": {"on_success": "reboot"},
    }
    assert to_document(from_document(Document(data=data))) == {
        **LEAST,
        "packages": {"set": "minimal"},
        "users": [{"name": "ops"}],
    }


def optional(**values: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=values)


SIZES = st.integers(1 << 20, 1 << 50) | st.sampled_from(["20 GiB", "1.5 GB", "3MiB", "1048577 B"])
ACCOUNT = {
    "password": st.sampled_from([{"hash": HASH}, {"locked": True}]),
    "ssh_keys": st.sampled_from([[], [KEY], [f"{KEY} me", KEY]]),
}
ETHERNET = st.fixed_dictionaries(
    {"dhcp4": st.just(True)},
    optional={
        "dhcp6": st.booleans(),
        "addresses": st.sampled_from([[], ["192.0.2.5/24", "2001:db8::5/64"]]),
        "routes": st.sampled_from([[], [{"to": "default", "via": "10.0.0.1"}]]),
        "nameservers": optional(
            addresses=st.sampled_from([[], ["::1"]]), search=st.sampled_from([[], ["a.b"]])
        ),
        "mtu": st.integers(1280, 65535),
    },
)
MATCH = st.recursive(
    optional(
        serial=st.just("A 1"),
        wwn=st.just("0x5000"),
        model=st.just("WDC*"),
        transport=st.sampled_from(["sata", "nvme"]),
        size=optional(min=SIZES) | st.just({"max": 1 << 50}),
        rotational=st.booleans(),
        removable=st.booleans(),
        path=st.just("/dev/sd[ab]"),
    ).filter(lambda match: match.get("size") != {}),
    lambda inner: st.fixed_dictionaries({"any_of": st.lists(inner, min_size=1, max_size=2)}),
    max_leaves=3,
)
DESCRIBED = st.fixed_dictionaries(
    {"match": MATCH}, optional={"pick": st.sampled_from(["smallest", "largest"])}
)
DB = st.fixed_dictionaries(
    {"certificate": st.just("/run/db.pem"), "key": st.just("/run/db.key")}
) | st.fixed_dictionaries(
    {"certificate": st.just("/run/db.pem"), "key": st.just("pkcs11:token=photon;object=db")},
    optional={"pin": st.just({"plain": PASSPHRASE.replace(" ", "-")})},
)
OWNER_KEYS = optional(
    db=DB,
    passphrase=st.just({"plain": PASSPHRASE}),
    enroll=st.booleans(),
    microsoft=st.booleans(),
)
DOCUMENTS: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {
        "version": st.just(1),
        "disks": st.fixed_dictionaries(
            {
                "default": st.just({"device": "/dev/sda"}) | DESCRIBED,
                "other": st.just({"serial": "A 1"}),
                "third": st.just({"device": "/dev/sdc"}),
            }
        ),
        "root": st.just({"ssh_keys": [KEY]}),
    },
    optional={
        "hostname": st.from_regex(r"[a-z]([a-z0-9-]{0,8}[a-z0-9])?", fullmatch=True),
        "locale": st.sampled_from(["C.UTF-8", "ca_ES.UTF-8@valencia"]),
        "keyboard": st.sampled_from(["us", "de", "us(intl)"]),
        "timezone": st.sampled_from(["UTC", "Europe/Paris"]),
        "storage": optional(
            disk=st.sampled_from(["default", "other"]),
            wipe=st.sampled_from([[], ["third"]]),
            preserve=st.sampled_from([[], ["machine_id"], ["machine_id", "ssh_host_keys"]]),
            filesystem=st.sampled_from(["ext4", "btrfs"]),
            swap=st.just({"kind": "none"})
            | st.fixed_dictionaries(
                {"kind": st.sampled_from(["file", "partition"])}, optional={"size": SIZES}
            ),
        ),
        "boot": optional(
            mode=st.sampled_from(list(map(str, BootMode))),
            secure_boot=st.sampled_from(["optional", "required"]),
            kernel_arguments=st.lists(st.sampled_from(["quiet", "panic=10"])),
            console=st.sampled_from(["ttyS0", "ttyS1,9600n8"]),
            entry_name=st.sampled_from(["Photon", "Photon edge-01 (rack 7)"]),
            timeout=st.sampled_from([0, "0 s", 3, "5 s", "1 min", 600]),
            menu_password=st.just({"hash": MENU_HASH}),
            hardening=st.sampled_from(["none", "kspp"]),
        ) | optional(
            order=st.sampled_from(list(map(str, BootOrder))),
            owner_keys=OWNER_KEYS,
            machine_owner_key=st.fixed_dictionaries(
                {"certificate": st.just("/run/mok.pem")},
                optional={"password": st.just({"plain": PASSPHRASE.replace(" ", "-")})},
            ),
        ),
        "packages": optional(
            set=st.sampled_from(list(map(str, PackageSet))),
            kernel=st.sampled_from(["auto", "cloud", "generic"]),
        ),
        "network": st.sampled_from([["eth0"], ["eth1", "eth0"], []]).flatmap(
            lambda names: st.fixed_dictionaries(
                {"ethernets": st.fixed_dictionaries(dict.fromkeys(names, ETHERNET))}
            )
        ).filter(lambda data: str(data).count("192.0.2.5") < 2),
        "users": st.lists(
            st.fixed_dictionaries(
                {"name": st.sampled_from("abcdef")},
                optional={
                    "full_name": st.sampled_from(["", "Olga Pérez"]),
                    "groups": st.sampled_from([[], ["docker", "x"]]),
                    "sudo": st.sampled_from(["none", "no_password"]),
                    "shell": st.sampled_from(["/bin/bash", "/usr/bin/fish"]),
                    **ACCOUNT,
                },
            ),
            unique_by=lambda user: user["name"],
        ),
        "services": st.dictionaries(
            st.sampled_from(["docker", "ssh.socket", "getty@tty1"]),
            st.sampled_from(list(map(str, ServiceState))),
        ),
        "scripts": optional(
            post=st.lists(
                st.fixed_dictionaries(
                    {"run": st.sampled_from([["x"], ["#!/bin/sh", "", "é"]])},
                    optional={"timeout": st.sampled_from(["1 min", 300, 0.5, "200 ms", 61])},
                )
            )
        ),
        "finish": optional(
            on_success=st.sampled_from(list(map(str, EndAction))),
            on_failure=st.sampled_from(list(map(str, EndAction))),
        ),
    },
)  # fmt: skip


@settings(CALM, max_examples=200)
@given(DOCUMENTS)
def test_a_configuration_survives_the_way_through_a_document(data: dict[str, Any]) -> None:
    config = from_document(Document(data=data))
    written = to_document(config)
    assert check(Document(data=written)) == ()
    assert read_again(written) == config
    assert to_document(read_again(written)) == written


def test_every_part_survives_the_way_through_a_document() -> None:
    document = load(example("custom.json"), name="custom.json")
    config = from_document(document)
    assert config.storage.custom is not None
    written = to_document(config)
    assert check(Document(data=written)) == ()
    assert read_again(written) == config
    assert PASSPHRASE not in json.dumps(written)
    assert written["storage"]["encrypted"]["secret"]["encryption"] == {"passphrase": {"ask": True}}


def test_a_passphrase_that_nobody_can_be_asked_for() -> None:
    with pytest.raises(KickstartInvalid) as caught:
        config_of(storage={"encryption": {"passphrase": {"ask": True}}})
    (problem,) = caught.value.problems
    assert problem.pointer == "/storage/encryption/passphrase"
    assert "nobody is here to answer" in problem.message


def test_users_with_only_a_name() -> None:
    config = InstallConfig(
        disks=(DiskSelector(name="default", serial="1"),), users=(User(name="ops"),)
    )
    assert to_document(config)["users"] == [{"name": "ops"}]


def test_a_secret_is_what_a_keyboard_types() -> None:
    """An editor may have saved a letter and its accent as two characters."""
    composed, apart = "Z\u00fcrich \u00e4", "Zu\u0308rich a\u0308"
    config = config_of(
        storage={"encryption": {"passphrase": {"plain": apart}}},
        root={"password": {"plain": apart}},
    )
    assert config.storage.encryption is not None
    assert config.storage.encryption.passphrase == Secret(composed)
    assert config.root.password.plain == Secret(composed)
