"""PCR 4: the programs that the firmware, shim and GRUB start, in their order."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

from installer.measured.log import APPLICATION, SEPARATED, Event, register, until_separator
from installer.measured.prediction import Prediction, UnpredictableError
from installer.secureboot.pe import NotPeError, parse_pe

PCR = 4

# What a firmware has measured before it starts the first program, by the specification: that it is
# about to (TCG PC Client Platform Firmware Profile, section 3.3.4.5).
_CALLING = hashlib.sha256(b"Calling EFI Application from Boot Option").digest()


# Before what it was loaded from (TCG PC Client Platform Firmware Profile, section 10.2.3): where it
# is, how large, and how long that is.
_LOADED_FROM = 32
_FIRMWARE_VOLUMES = (b"\x04\x06", b"\x04\x07")  # the file, the volume: UEFI 2.10, section 10.3.5


def predict_programs(
    programs: Sequence[tuple[str, bytes]], events: Iterable[Event] = ()
) -> Prediction:
    """PCR 4 after these programs, each with its name and the bytes of its file, were started.

    ``events`` is the machine's own log: what its firmware measures before the first program is
    taken from there.

    :raises UnpredictableError: a program is damaged, or it is not the firmware's own part that
        stands there.
    """
    own = until_separator(events, PCR)
    if any(_is_foreign(each) for each in own):
        raise UnpredictableError(
            "this machine was not started by a boot entry, as the host will be"
        )
    before = [each.digest for each in own] or [_CALLING, SEPARATED]
    try:
        digests = [parse_pe(data).digest() for _, data in programs]
    except NotPeError as error:
        raise UnpredictableError(f"a program of the boot loader is damaged: {error}") from error
    names = ", ".join(name for name, _ in programs)
    missing = "" if own else "; the firmware's own part as specified, not from its log"
    return Prediction(value=register([*before, *digests]), why=names + missing)


def _is_foreign(event: Event) -> bool:
    """Whether it is a program that is not part of the firmware: QEMU starts a kernel like that."""
    if event.kind != APPLICATION:
        return False
    return event.data[_LOADED_FROM:][:2] not in _FIRMWARE_VOLUMES
