"""PCR 11: the parts of a unified kernel image, as systemd's stub measures them.

https://www.freedesktop.org/software/systemd/man/latest/systemd-stub.html#TPM_PCR_Notes
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from installer.measured.log import register
from installer.measured.prediction import Prediction, UnpredictableError
from installer.secureboot.pe import NotPeError, parse_pe

PCR = 11

# What systemd adds while the host starts, each when that point is reached: systemd-pcrphase(8).
PHASES = ("enter-initrd", "leave-initrd", "sysinit", "ready")

# In the order in which they are measured, wherever they lie. The signatures of the result are not.
_SECTIONS = (
    *(".linux", ".osrel", ".cmdline", ".initrd", ".ucode", ".splash", ".dtb", ".uname", ".sbat"),
    *(".pcrpkey", ".profile", ".dtbauto", ".hwids"),
)


def predict_unified(image: bytes, phases: Iterable[str] = PHASES) -> Prediction:
    """PCR 11 after a unified kernel image (the bytes of its file) has started, and these phases.

    :raises UnpredictableError: it is none, or a damaged one.
    """
    try:
        parsed = parse_pe(image)
    except NotPeError as error:
        raise UnpredictableError(f"the unified kernel image is damaged: {error}") from error
    sections = [(name, parsed.section(name)) for name in _SECTIONS]
    present = [(name, data) for name, data in sections if data]
    if not present or present[0][0] != ".linux":
        raise UnpredictableError("it is no unified kernel image")
    passed = tuple(phases)
    parts = [each for name, data in present for each in (name.encode("ascii") + b"\0", data)]
    parts += [each.encode("ascii") for each in passed]
    names = ", ".join(name.removeprefix(".") for name, _ in present)
    until = f" and its start as far as {passed[-1]}" if passed else ""
    value = register(hashlib.sha256(each).digest() for each in parts)
    return Prediction(value=value, why=f"the unified kernel image ({names}){until}")
