"""PCR 4: what the firmware's log says of its own part."""

from __future__ import annotations

import pytest

from installer.measured.log import ACTION, APPLICATION, SEPARATED, SEPARATOR, Event, register
from installer.measured.prediction import UnpredictableError
from installer.measured.programs import predict_programs
from installer.secureboot.pe import parse_pe
from tests.unit.measured.programs import program_with

PROGRAM = program_with({".text": b"\xc3"})
CALLING = Event(pcr=4, kind=ACTION, digest=bytes(31) + b"\1", data=b"Calling EFI Application")
SEPARATE = Event(pcr=4, kind=SEPARATOR, digest=SEPARATED, data=bytes(4))


def loaded(path: bytes) -> Event:
    return Event(pcr=4, kind=APPLICATION, digest=bytes(31) + b"\2", data=bytes(32) + path)


@pytest.mark.parametrize("node", [b"\x04\x06\x14\0", b"\x04\x07\x14\0"])
def test_what_the_firmware_starts_of_itself_is_its_own_part(node: bytes) -> None:
    own = (loaded(node), CALLING, SEPARATE)
    expected = register([*(each.digest for each in own), parse_pe(PROGRAM).digest()])
    assert predict_programs([("shim", PROGRAM)], own).value == expected


# As QEMU with a kernel of its own, which OVMF takes by a device path of its vendor's.
@pytest.mark.parametrize("path", [b"\x04\x03\x14\0", b"\x02\x01\x0c\0", b""])
def test_a_start_by_no_boot_entry_tells_nothing(path: bytes) -> None:
    with pytest.raises(UnpredictableError, match="not started by a boot entry"):
        predict_programs([("shim", PROGRAM)], (loaded(path), CALLING, SEPARATE))
