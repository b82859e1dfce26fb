"""What shim measures into PCR 14, with the keys of Debian's."""

from __future__ import annotations

import hashlib
import struct

import pytest

from installer.measured.log import register
from installer.measured.prediction import UnpredictableError
from installer.measured.shim import predict_owner, shim_state
from installer.secureboot.lists import signature_list
from installer.secureboot.variables import SHIM, Variables
from tests.unit.measured.capture import LEVEL, digests, pcrs, shim_program, variables
from tests.unit.measured.programs import program_with

SHIM_PROGRAM = shim_program()
OWN = signature_list(SHIM, b"0\x82the owner's")


def with_shim(**found: bytes) -> Variables:
    return {**variables(), **{(name, SHIM): data for name, data in found.items()}}


def test_the_lists_are_those_of_a_real_start() -> None:
    state = shim_state(SHIM_PROGRAM, variables())
    assert [hashlib.sha256(each).digest() for each in (state.mok, state.mokx, b"\x01")] == digests(
        14
    )
    assert predict_owner(state).value == pcrs()[14]


def test_a_running_system_sees_the_owner_part_behind_shim_own() -> None:
    plain = shim_state(SHIM_PROGRAM, variables())
    stored = shim_state(SHIM_PROGRAM, with_shim(MokList=OWN, MokSBState=b"\x01"))
    assert stored.mok == plain.mok + OWN
    assert not stored.checks
    running = with_shim(
        MokListRT=stored.mok,
        MokListXRT=stored.mokx,
        MokListTrustedRT=b"\x01",
        MokSBStateRT=b"\x01",
        SbatLevelRT=LEVEL,
    )
    assert predict_owner(shim_state(SHIM_PROGRAM, running)) == predict_owner(stored)


def test_a_key_that_will_be_asked_about_is_counted() -> None:
    state = shim_state(SHIM_PROGRAM, with_shim(MokNew=OWN))
    assert state.mok.endswith(OWN)
    assert "MokManager" in predict_owner(state).why


def test_everything_that_the_owner_said_is_measured() -> None:
    found = with_shim(MokSBState=b"\0", MokPolicy=b"\x02", MokListTrusted=b"\0")
    state = shim_state(SHIM_PROGRAM, found)
    parts = (state.mok, state.mokx, b"\0", b"\x02")
    expected = register(hashlib.sha256(each).digest() for each in parts)
    assert predict_owner(state).value == expected


@pytest.mark.parametrize(
    ("level", "kept"),
    [(b"sbat,1,2030010100\nshim,9\n", True), (b"sbat,1,2021030218\n", False), (b"", False)],
)
def test_the_newer_revocations_count(level: bytes, kept: bool) -> None:
    state = shim_state(SHIM_PROGRAM, with_shim(SbatLevel=level))
    assert state.level == (level if kept else LEVEL)


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        ({"MokListRT": b"", "MokListXRT": b""}, "not started by a shim"),
        ({"MokListRT": OWN, "MokListXRT": OWN}, "other keys"),
        ({"MokDel": OWN}, "MokManager"),
    ],
)
def test_what_is_not_known_is_not_told(found: dict[str, bytes], reason: str) -> None:
    with pytest.raises(UnpredictableError, match=reason):
        shim_state(SHIM_PROGRAM, with_shim(**found))


def vendor_section(certificate: bytes) -> bytes:
    """One with a certificate, or what stands in its place, and no list."""
    return struct.pack("<IIII", len(certificate), 0, 16, 0) + certificate


@pytest.mark.parametrize(
    ("program", "reason"),
    [
        (b"", "damaged"),
        (program_with({".text": b"\xc3"}), "no certificate"),
        (program_with({".vendor_cert": vendor_section(bytes(28))}), "list"),
        (program_with({".vendor_cert": vendor_section(b"0\x82ab")}), "refuses"),
    ],
)
def test_another_program_is_no_shim(program: bytes, reason: str) -> None:
    with pytest.raises(UnpredictableError, match=reason):
        shim_state(program, variables())
