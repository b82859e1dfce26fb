"""A certificate in the kickstart itself: read, refused, written down again."""

from __future__ import annotations

import base64
import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from installer.config import from_document, to_document
from installer.config.boot_certificate import certificate_fault, certificate_name, is_pem
from installer.errors import KickstartInvalid
from installer.secureboot.owner import pem_to_der
from ks_schema import Document, Problem, load
from tests.unit.config.test_boot import LEAST
from tests.unit.host.programs import make_key

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl")
DB, MOK = "/boot/owner_keys/db/certificate", "/boot/machine_owner_key/certificate"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("keys")


@pytest.fixture(scope="module")
def pem(folder: Path) -> str:
    return make_key(folder, "owner")[0].read_text()


def data(db: object, mok: object) -> dict[str, Any]:
    token = {"certificate": db, "key": "pkcs11:token=photon;object=db"}
    return {
        **LEAST,
        "boot": {"owner_keys": {"db": token}, "machine_owner_key": {"certificate": mok}},
    }


def problems(said: dict[str, Any]) -> list[Problem]:
    with pytest.raises(KickstartInvalid) as caught:
        from_document(Document(data=said))
    return list(caught.value.problems)


def armoured(der: bytes) -> str:
    text = base64.encodebytes(der).decode()
    return f"-----BEGIN CERTIFICATE-----\n{text}-----END CERTIFICATE-----\n"


def test_each_form_is_written_down_as_it_was_given(pem: str) -> None:
    for db, mok in (
        ({"pem": pem}, {"pem": f"\n{pem}\n"}),
        ({"pem": pem}, "/run/mok.pem"),
        ("/run/db.pem", {"pem": pem.replace("\n", "\r\n")}),
    ):
        said = data(db, mok)
        config = from_document(Document(data=said))
        written = to_document(config)
        assert written["boot"] == said["boot"]
        again = load(json.dumps(written), name="saved.json")
        assert from_document(again) == config


def test_yaml_has_it_as_a_block(pem: str) -> None:
    block = "".join(f"        {line}\n" for line in pem.splitlines())
    text = f"version: 1\nboot:\n  machine_owner_key:\n    certificate:\n      pem: |\n{block}"
    text += "disks: {default: {device: /dev/sda}}\nroot: {ssh_keys: ['ssh-ed25519 "
    text += f"{LEAST['root']['ssh_keys'][0].split()[1]}']}}\n"
    config = from_document(load(text, name="ks.yaml"))
    assert config.boot.machine_owner_key is not None
    assert config.boot.machine_owner_key.certificate == pem


def test_people_read_a_path_or_the_fingerprint(pem: str) -> None:
    assert certificate_name("/run/db.pem") == "the certificate /run/db.pem"
    digest = hashlib.sha256(pem_to_der(pem)).hexdigest()
    assert certificate_name(pem).endswith(f"in the kickstart (SHA-256 {digest[:16]})")
    assert (is_pem(pem), is_pem("/run/db.pem")) == (True, False)


def test_which_certificates_are_taken(pem: str, folder: Path) -> None:
    curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256")
    for more in ((), curve, ("-newkey", "rsa:2048", "-addext", "basicConstraints=CA:FALSE")):
        assert certificate_fault(make_key(folder, "other", *more)[0].read_text()) is None
    assert certificate_fault(f"  {pem}\n\n") is None


def test_what_is_not_one_certificate_is_refused(pem: str, folder: Path) -> None:
    other, key = make_key(folder, "another")
    der, second = pem_to_der(pem), pem_to_der(other.read_text())
    private = key.read_text()
    for text, message in (
        (pem + private, "a private key stands here"),
        (private, "a private key stands here"),
        (pem + other.read_text(), "2 certificates stand here"),
        (armoured(der + second), "OpenSSL cannot read it"),
        (base64.encodebytes(der).decode(), "not the text of one certificate"),
        ("rubbish", "not the text of one certificate"),
        (f"subject=somebody\n{pem}", "not the text of one certificate"),
        (pem[:-30], "not the text of one certificate"),
        (pem.replace("CERTIFICATE", "TRUSTED CERTIFICATE"), "not the text of one certificate"),
        (pem.replace("\nMII", "\nM=II"), "it is not base64"),
        (armoured(der[:-5]), "OpenSSL cannot read it"),
        (armoured(der + b"more"), "OpenSSL cannot read it"),
        (armoured(pem_to_der(private)), "OpenSSL cannot read it"),
        (armoured(b""), "OpenSSL cannot read it"),
    ):
        found = problems(data({"pem": text}, {"pem": text}))
        assert [each.pointer for each in found] == [f"{DB}/pem", f"{MOK}/pem"]
        for each in found:
            assert message in each.message, text
            assert each.hint
            assert not any(line in str(each) for line in private.splitlines()[1:-1])


def test_a_damaged_certificate_is_the_one_that_is_blamed(pem: str) -> None:
    der = pem_to_der(pem)
    constraints = bytes.fromhex("30030101ff")  # CA:TRUE, and with 02 a number in place of it
    assert constraints in der
    damaged = armoured(der.replace(constraints, bytes.fromhex("30030201ff")))
    for said, place in (
        (data({"pem": damaged}, {"pem": pem}), DB),
        (data({"pem": pem}, {"pem": damaged}), MOK),
    ):
        for _ in range(3):
            (problem,) = problems(said)
            assert problem.pointer == f"{place}/pem"
            assert "OpenSSL cannot read it" in problem.message
        from_document(Document(data=data({"pem": pem}, {"pem": pem})))


@pytest.mark.parametrize(
    ("said", "place", "message"),
    [
        ({}, "", 'the key "pem" is missing'),
        ({"pem": ""}, "/pem", "must not be empty"),
        ({"pem": 7}, "/pem", "must be a text"),
        ({"pem": "x" * 16385}, "/pem", "too long"),
        ({"pem": "x", "file": "/run/db.pem"}, "", "unknown key"),
        (7, "", "must be a text or an object"),
        (["x"], "", "must be a text or an object"),
        ("db.pem", "", "not of the right form"),
        ("-----BEGIN EC PRIVATE KEY-----\nMHcCAQEEIHidden", "", "not of the right form"),
    ],
)
def test_other_forms_are_refused_without_repeating_them(
    said: object, place: str, message: str
) -> None:
    (found,) = problems(data("/run/db.pem", said))
    assert found.pointer == f"{MOK}{place}"
    assert message in found.message
    assert "Hidden" not in str(found)
