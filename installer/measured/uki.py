"""A host that starts by systemd-boot, and PCR 11: the parts of its unified kernel image.

https://www.freedesktop.org/software/systemd/man/latest/systemd-stub.html#TPM_PCR_Notes
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from installer.measured import policy
from installer.measured.log import ZERO, register
from installer.measured.policy import predict_policy
from installer.measured.predict import FirmwareState
from installer.measured.prediction import Prediction, UnpredictableError, told
from installer.secureboot.pe import NotPeError, parse_pe
from installer.secureboot.signature import Notary

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


def predict_unified_start(
    notary: Notary, loader: bytes, image: bytes, firmware: FirmwareState
) -> dict[int, Prediction]:
    """What the registers will hold after systemd-boot and a unified kernel image have started.

    Both are the bytes of their files; there is no shim before them.
    """

    def by_policy() -> Prediction:
        return predict_policy(notary, [loader, image], firmware.known, None, firmware.events)

    return {
        4: Prediction(
            value=None, why="whether the kernel inside the image is measured too, is up to its stub"
        ),
        policy.PCR: told(by_policy),
        8: Prediction(value=ZERO, why="nothing: there is no GRUB"),
        9: Prediction(value=None, why="the stub adds files of its own to the initrd"),
        PCR: told(lambda: predict_unified(image)),
        14: Prediction(value=ZERO, why="nothing: there is no shim"),
    }
