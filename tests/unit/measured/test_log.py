"""A log that a virtual machine wrote, against what its kernel said of the registers."""

from __future__ import annotations

from pathlib import Path

import pytest

from installer.measured.log import (
    ACTION,
    SEPARATOR,
    parse_log,
    read_log,
    read_pcrs,
    register,
    replay,
    until_separator,
)
from tests.unit.measured.capture import EVENTS, LOG, pcrs


def test_the_log_leads_to_what_the_kernel_says() -> None:
    found = replay(parse_log(LOG.read_bytes()))
    assert set(found) == {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 14}
    assert found == {pcr: pcrs()[pcr] for pcr in found}


def test_the_firmware_own_part_ends_with_a_separator() -> None:
    assert [each.kind for each in until_separator(EVENTS, 4)] == [ACTION, SEPARATOR]
    assert len(until_separator(EVENTS, 7)) == 6
    assert until_separator(EVENTS, 8) == ()


def test_a_locality_is_where_the_first_register_starts() -> None:
    data = b"StartupLocality\0\x03"
    event = EVENTS[0].__class__(pcr=0, kind=3, digest=bytes(32), data=data)
    assert replay([event]) == {0: bytes(31) + b"\x03"}


@pytest.mark.parametrize("size", [0, 16, 40, 80, 5000])
def test_what_is_cut_off_is_refused(size: int, tmp_path: Path) -> None:
    log = LOG.read_bytes()[:size]
    with pytest.raises(ValueError, match="event log"):
        parse_log(log)
    (tmp_path / "log").write_bytes(log)
    assert read_log(tmp_path / "log") == ()


def test_an_old_log_is_refused() -> None:
    with pytest.raises(ValueError, match=r"TPM 1\.2"):
        parse_log(bytes(28) + (64).to_bytes(4, "little") + bytes(64))


def test_a_machine_without_a_tpm_has_neither(tmp_path: Path) -> None:
    assert read_log(tmp_path / "log") == ()
    assert read_pcrs(tmp_path) == {}


def test_registers_are_read_as_the_kernel_shows_them(tmp_path: Path) -> None:
    (tmp_path / "4").write_text(pcrs()[4].hex().upper() + "\n")
    assert read_pcrs(tmp_path) == {4: pcrs()[4]}


def test_a_register_is_the_chain_of_its_digests() -> None:
    digests = [each.digest for each in EVENTS if each.pcr == 9]
    assert register(digests) == pcrs()[9]
