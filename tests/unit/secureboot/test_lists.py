"""Signature lists, SBAT, and the variables that hold them."""

from pathlib import Path

import pytest
from virt.firmware.efi import efivar
from virt.firmware.varstore.edk2 import Edk2VarStore

from installer.errors import CommandFailed
from installer.secureboot.lists import Certificate, Signatures, parse_lists
from installer.secureboot.sbat import (
    built_in_level,
    effective_level,
    parse_sbat,
    sbat_date,
    too_old,
)
from installer.secureboot.trust import machine_trust, stock_trust, store_trust
from installer.secureboot.variables import GLOBAL, SECURITY, SHIM
from tests.unit.secureboot.programs import Key, lists, shim_sections

STORE = Path("/usr/share/OVMF/OVMF_VARS_4M.fd")


def test_certificates_and_digests(keys: dict[str, Key]) -> None:
    data = lists(keys["owner"].certificate, keys["vendor"].certificate, digests=(b"d" * 32,))
    found = parse_lists(data)
    assert [each.name for each in found.certificates] == ["owner", "vendor"]
    assert found.digests == {("sha256", b"d" * 32)}
    assert parse_lists(b"") == Signatures()


def test_lists_that_are_none(keys: dict[str, Key]) -> None:
    data = lists(keys["owner"].certificate, digests=(b"d" * 32,))
    for size in range(1, len(data), 37):
        if size != len(lists(keys["owner"].certificate)):
            with pytest.raises(ValueError, match="signature list"):
                parse_lists(data[:size])
    for place in (16, 20, 24):  # the three sizes: none may lead to a loop without end
        for value in (b"\0\0\0\0", b"\xff\xff\xff\xff", b"\x01\0\0\0"):
            changed = data[:place] + value + data[place + 4 :]
            if changed != data:
                with pytest.raises(ValueError, match="signature list"):
                    parse_lists(changed)


def test_a_certificate_that_is_none_has_a_name() -> None:
    found = Certificate(der=b"nothing")
    assert found.name.startswith("a certificate with SHA-256 ")
    assert found.to_be_signed == b""


def test_generations() -> None:
    assert parse_sbat(b"sbat,1,x\ngrub,5,Free Software\n\0\0") == {"sbat": 1, "grub": 5}
    for data in (b"", b"\0", b"grub\n", b"grub,five\n", b"\xff\xfe", b",1\n"):
        with pytest.raises(ValueError):  # noqa: PT011  (decoding has a text of its own)
            parse_sbat(data)


def test_levels() -> None:
    old, new = "sbat,1,2024010900\nshim,4\n", "sbat,1,2025021800\nshim,4\ngrub,5\n"
    assert sbat_date(new) == "2025021800"
    assert sbat_date("") == sbat_date("sbat,1\n") == ""
    assert effective_level(old, new) == effective_level(new, old) == new
    assert effective_level("", new) == new
    assert too_old({"shim": 4, "grub": 4}, new) == "grub 4, at least 5 is wanted"
    assert too_old({"shim": 4, "other": 1}, new) == ""
    assert built_in_level(shim_sections(level=new)["sbatlevel"]) == new
    assert built_in_level(b"short") == ""


def test_stock_firmware() -> None:
    found = stock_trust()
    assert found.enforced
    names = [each.name for each in found.db.certificates]
    assert "Microsoft Corporation UEFI CA 2011" in names
    assert "Microsoft UEFI CA 2023" in names


def write_variable(folder: Path, name: str, vendor: str, value: bytes) -> None:
    (folder / f"{name}-{vendor}").write_bytes(b"\x27\0\0\0" + value)


def test_this_machines_firmware(keys: dict[str, Key], tmp_path: Path) -> None:
    empty = machine_trust(tmp_path)
    assert not empty.enforced
    assert "which has no keys" in empty.source
    assert empty.db == stock_trust().db
    assert machine_trust(tmp_path, enforced=True).db == Signatures(), "then nothing is trusted"
    write_variable(tmp_path, "SecureBoot", GLOBAL, b"\x01")
    write_variable(tmp_path, "db", SECURITY, lists(keys["owner"].certificate))
    write_variable(tmp_path, "dbx", SECURITY, lists(digests=(b"x" * 32,)))
    write_variable(tmp_path, "MokListRT", SHIM, lists(keys["vendor"].certificate))
    write_variable(tmp_path, "SbatLevelRT", SHIM, b"sbat,1,2024010900\nshim,4\n\0")
    found = machine_trust(tmp_path)
    assert found.enforced
    assert not machine_trust(tmp_path, enforced=False).enforced
    assert [each.name for each in found.db.certificates] == ["owner"]
    assert [each.name for each in found.mok.certificates] == ["vendor"]
    assert found.dbx.digests == {("sha256", b"x" * 32)}
    assert sbat_date(found.sbat_level) == "2024010900"
    write_variable(tmp_path, "db", SECURITY, b"garbage")
    with pytest.raises(CommandFailed, match="variable db"):
        machine_trust(tmp_path)


@pytest.mark.skipif(not STORE.exists(), reason="there is no OVMF here")
def test_a_virtual_machines_firmware(keys: dict[str, Key], tmp_path: Path) -> None:
    store, path = Edk2VarStore(str(STORE)), tmp_path / "vars.fd"
    assert store_trust(STORE).setup
    assert not store_trust(STORE).enforced
    variables = store.get_varlist()
    for name, value in (
        ("PK", lists(keys["owner"].certificate)),
        ("db", lists(keys["owner"].certificate, keys["vendor"].certificate)),
        ("MokList", lists(keys["stranger"].certificate)),
        ("SbatLevel", b"sbat,1,2024010900\n"),
    ):
        variables[name] = efivar.EfiVar(name, data=value)
    store.write_varstore(str(path), variables)
    found = store_trust(path)
    assert found.enforced
    assert not found.setup
    assert [each.name for each in found.db.certificates] == ["owner", "vendor"]
    assert [each.name for each in found.mok.certificates] == ["stranger"]
    assert sbat_date(found.sbat_level) == "2024010900"
    variables["SecureBootEnable"] = efivar.EfiVar("SecureBootEnable", data=b"\0")
    store.write_varstore(str(path), variables)
    assert not store_trust(path).enforced


def test_what_is_no_variable_store(tmp_path: Path) -> None:
    for data in (b"", b"\0" * 100_000, b"\xff" * 5000):
        (tmp_path / "x").write_bytes(data)
        with pytest.raises(CommandFailed):
            store_trust(tmp_path / "x")
    with pytest.raises(CommandFailed, match="No such file"):
        store_trust(tmp_path / "missing")
