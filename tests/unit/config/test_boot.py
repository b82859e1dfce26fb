"""Boot loader's part of a document: read, written again, and the rules about it."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from passlib.hash import grub_pbkdf2_sha512

from installer.config import from_document, hash_passwords, to_document
from installer.config.boot import (
    Boot,
    BootMode,
    BootOrder,
    Hardening,
    MachineOwnerKey,
    OwnerKeys,
    SecureBootDemand,
    SigningKey,
)
from installer.config.password import Password
from installer.config.read import storage_from_document
from installer.errors import KickstartInvalid
from installer.secret import Secret
from ks_schema import Document, Problem, load
from ks_schema.reference import example

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f"
HASH = f"grub.pbkdf2.sha512.10000.{'A1' * 64}.{'B2' * 64}"
LEAST: dict[str, Any] = {
    "version": 1,
    "disks": {"default": {"device": "/dev/sda"}},
    "root": {"ssh_keys": [KEY]},
}
DB = {"certificate": "/run/db.pem", "key": "/run/db.key"}
TOKEN = {"certificate": "/run/db.pem", "key": "pkcs11:token=photon;object=db"}


def document(**boot: Any) -> Document:
    return Document(data={**LEAST, "boot": boot})


def boot_of(**boot: Any) -> Boot:
    return from_document(document(**boot)).boot


def problems(**boot: Any) -> tuple[Problem, ...]:
    with pytest.raises(KickstartInvalid) as caught:
        from_document(document(**boot))
    return caught.value.problems


def test_what_is_not_said_has_its_default() -> None:
    assert boot_of() == Boot()
    assert boot_of(owner_keys={}).owner_keys == OwnerKeys()


def test_everything_said_arrives() -> None:
    boot = from_document(load(example("full.json"), name="full.json")).boot
    hashed = boot.menu_password.hashed if boot.menu_password else None
    assert hashed is not None
    assert hashed.reveal().startswith("grub.pbkdf2.sha512.10000.")
    assert boot == Boot(
        mode=BootMode.EFI,
        secure_boot=SecureBootDemand.REQUIRED,
        entry_name="Photon edge-01",
        order=BootOrder.NETWORK_FIRST,
        timeout=5,
        menu_password=Password(hashed=hashed),
        kernel_arguments=("panic=10",),
        hardening=Hardening.KSPP,
        console="ttyS0,115200",
        owner_keys=OwnerKeys(
            db=SigningKey(
                certificate="/run/photon/medium/db.pem",
                key="pkcs11:token=photon;object=db",
                pin=Secret("648219"),
            ),
            passphrase=Secret("correct horse battery staple"),
            enroll=False,
            microsoft=True,
            on_host=False,
        ),
        machine_owner_key=MachineOwnerKey(
            certificate="/run/photon/medium/mok.pem", password=Secret("once-only-4711")
        ),
    )


def test_no_secret_is_written_down() -> None:
    config = from_document(load(example("full.json"), name="full.json"))
    written = to_document(config)["boot"]
    assert written["owner_keys"]["db"]["pin"] == {"ask": True}
    assert written["owner_keys"]["passphrase"] == {"ask": True}
    assert written["machine_owner_key"]["password"] == {"ask": True}
    for secret in ("648219", "correct horse", "once-only"):
        assert secret not in json.dumps(written)


def test_the_menu_password_is_hashed_as_grub_knows_it() -> None:
    config = from_document(document(menu_password={"plain": "let me edit"}))
    with pytest.raises(ValueError, match="hash it first"):
        to_document(config)
    hashed = hash_passwords(config)
    text = to_document(hashed)["boot"]["menu_password"]["hash"]
    assert grub_pbkdf2_sha512.verify("let me edit", text)
    assert from_document(Document(data=to_document(hashed))) == hashed
    assert hash_passwords(hashed) == hashed


def test_a_menu_password_in_a_file_is_one_that_can_be_typed() -> None:
    data = document(menu_password={"file": "/run/menu"})
    config = from_document(data, read_secret=lambda _path: "secret 1")
    assert config.boot.menu_password == Password(plain=Secret("secret 1"))
    with pytest.raises(KickstartInvalid) as caught:
        from_document(data, read_secret=lambda _path: "geheim ß")
    (found,) = caught.value.problems
    assert found.pointer == "/boot/menu_password/file"
    assert "US keyboard" in found.message
    assert "geheim" not in str(found)


def test_secrets_of_keys_are_asked_for_by_their_places() -> None:
    ask = {"ask": True}
    data = document(
        owner_keys={"db": {**TOKEN, "pin": ask}, "passphrase": ask},
        machine_owner_key={"certificate": "/run/mok.pem", "password": ask},
    )
    boot = from_document(data, ask=lambda pointer: pointer).boot
    assert boot.owner_keys is not None
    assert boot.owner_keys.db is not None
    assert boot.owner_keys.db.pin == Secret("/boot/owner_keys/db/pin")
    assert boot.owner_keys.passphrase == Secret("/boot/owner_keys/passphrase")
    assert boot.machine_owner_key is not None
    assert boot.machine_owner_key.password == Secret("/boot/machine_owner_key/password")
    with pytest.raises(KickstartInvalid) as caught:
        from_document(data)
    assert [each.pointer for each in caught.value.problems] == [
        "/boot/owner_keys/db/pin",
        "/boot/owner_keys/passphrase",
        "/boot/machine_owner_key/password",
    ]


def test_a_key_in_a_token_stays_there() -> None:
    assert boot_of(owner_keys={"db": DB}).owner_keys == OwnerKeys(
        db=SigningKey(certificate="/run/db.pem", key="/run/db.key")
    )
    in_token = boot_of(owner_keys={"db": TOKEN}).owner_keys
    assert in_token is not None
    assert not in_token.stays_on_host
    (found,) = problems(owner_keys={"db": TOKEN, "on_host": True})
    assert found.pointer == "/boot/owner_keys/on_host"


@pytest.mark.parametrize(
    ("said", "seconds"), [(0, 0), ("0 s", 0), (7, 7), ("10 min", 600), ("1000 ms", 1), (2.0, 2)]
)
def test_timeouts(said: str | float, seconds: int) -> None:
    assert boot_of(timeout=said).timeout == seconds


@pytest.mark.parametrize("said", ["1.5 s", 0.5, "601 s", "11 min", 601, -1, "1 h", "soon"])
def test_timeouts_that_grub_cannot_wait(said: object) -> None:
    (found,) = problems(timeout=said)
    assert found.pointer == "/boot/timeout"


@pytest.mark.parametrize(
    "name", ["", " Photon", "Photon ", "a,b", "it's", 'a"b', "a\\b", "Phöton", "$x", "a" * 41, "-a"]
)
def test_names_that_an_entry_cannot_have(name: str) -> None:
    assert {each.pointer for each in problems(entry_name=name)} == {"/boot/entry_name"}


def test_what_only_efi_has() -> None:
    said: dict[str, Any] = {
        "order": "leave",
        "owner_keys": {},
        "machine_owner_key": {"certificate": "/run/mok.pem"},
    }
    found = problems(mode="bios", **said)
    assert [each.pointer for each in found] == [f"/boot/{key}" for key in said]
    assert all("efi or dual" in each.hint for each in found)
    for mode in ("efi", "dual"):
        assert boot_of(mode=mode, **said).order is BootOrder.LEAVE


@pytest.mark.parametrize(
    ("db", "place"),
    [
        ({**DB, "pin": {"plain": "1234"}}, "/pin"),
        ({**TOKEN, "key": "pkcs11:token=a?pin-value=1234"}, "/key"),
        ({**TOKEN, "key": "http://a"}, "/key"),
        ({**DB, "certificate": "db.pem"}, "/certificate"),
        ({"certificate": "/run/db.pem"}, ""),
    ],
)
def test_signature_keys(db: dict[str, Any], place: str) -> None:
    (found,) = problems(owner_keys={"db": db})
    assert found.pointer == f"/boot/owner_keys/db{place}"
    assert "1234" not in str(found)


@pytest.mark.parametrize(
    "password", [{"hash": "$6$x"}, {"hash": HASH[:-1]}, {"plain": "ß"}, {}, {"locked": True}]
)
def test_menu_passwords_that_grub_does_not_know(password: dict[str, Any]) -> None:
    (found,) = problems(menu_password=password)
    assert found.pointer.startswith("/boot/menu_password")


def test_an_argument_said_twice_is_no_mistake() -> None:
    arguments = ["init_on_alloc=0", "init_on_alloc=0"]
    assert boot_of(hardening="kspp", kernel_arguments=arguments).kernel_arguments == (*arguments,)


def test_a_layout_is_thought_about_whatever_else_the_boot_loader_shall_be() -> None:
    wrong = {"mode": "bios", "order": "first", "menu_password": {"hash": "grub."}, "timeout": "x"}
    assert storage_from_document(document(**wrong)).boot == Boot(mode=BootMode.BIOS)
    others: tuple[Any, ...] = (1, [], {"mode": 1})
    for boot in others:
        with contextlib.suppress(KickstartInvalid):
            storage_from_document(Document(data={**LEAST, "boot": boot}))
