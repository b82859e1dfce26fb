"""PCR 4: the programs that the firmware, shim and GRUB start, in their order."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

from installer.measured.log import SEPARATED, Event, register, until_separator
from installer.measured.prediction import Prediction, UnpredictableError
from installer.secureboot.pe import NotPeError, parse_pe

PCR = 4

# What a firmware has measured before it starts the first program, by the specification: that it is
# about to (TCG PC Client Platform Firmware Profile, section 3.3.4.5).
_CALLING = hashlib.sha256(b"Calling EFI Application from Boot Option").digest()


def predict_programs(
    programs: Sequence[tuple[str, bytes]], events: Iterable[Event] = ()
) -> Prediction:
    """PCR 4 after these programs, each with its name and the bytes of its file, were started.

    ``events`` is the machine's own log: what its firmware measures before the first program is
    taken from there.
    """
    own = until_separator(events, PCR)
    before = [each.digest for each in own] or [_CALLING, SEPARATED]
    try:
        digests = [parse_pe(data).digest() for _, data in programs]
    except NotPeError as error:
        raise UnpredictableError(f"a program of the boot loader is damaged: {error}") from error
    names = ", ".join(name for name, _ in programs)
    told = "" if own else "; the firmware's own part as specified, not from its log"
    return Prediction(value=register([*before, *digests]), why=names + told)
