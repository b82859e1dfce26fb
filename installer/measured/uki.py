"""A host that starts by systemd-boot, and PCR 11: the parts of its unified kernel image.

The kernel inside an image is not in PCR 4: the stub vouches for it, so that the firmware, which
would measure it, is not asked.

https://www.freedesktop.org/software/systemd/man/latest/systemd-stub.html#TPM_PCR_Notes
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from functools import cache

from installer.boot.layout import DEBIAN, HostLayout
from installer.measured import policy, programs, shim, stub
from installer.measured.log import ZERO, register
from installer.measured.policy import predict_policy
from installer.measured.predict import COMMANDS, FirmwareState, require_first
from installer.measured.prediction import Prediction, UnpredictableError, attempt
from installer.measured.programs import predict_programs
from installer.measured.stub import predict_handover, require_known_stub
from installer.secureboot.pe import NotPeError, PeImage, parse_pe
from installer.secureboot.signature import SignatureVerifier

PCR = 11

# What systemd adds while the host starts, each when that point is reached: systemd-pcrphase(8).
PHASES = ("enter-initrd", "leave-initrd", "sysinit", "ready")

# In the order in which they are measured, wherever they are. The signatures of the result are not.
_SECTIONS = (
    *(".linux", ".osrel", ".cmdline", ".initrd", ".ucode", ".splash", ".dtb", ".uname", ".sbat"),
    *(".pcrpkey", ".profile", ".dtbauto", ".hwids"),
)


def predict_unified(image: bytes, phases: Iterable[str] = PHASES) -> Prediction:
    """PCR 11 after a unified kernel image (the bytes of its file) has started, and these phases.

    :raises UnpredictableError: it is none, or a damaged one.
    """
    return _predict_parts(_parsed(image), phases)


def _predict_parts(image: PeImage, phases: Iterable[str]) -> Prediction:
    sections = ((name, image.section(name)) for name in _SECTIONS)
    present = [(name, data) for name, data in sections if data]
    passed = tuple(phases)
    parts = [each for name, data in present for each in (name.encode("ascii") + b"\0", data)]
    parts += [each.encode("ascii") for each in passed]
    names = ", ".join(name.removeprefix(".") for name, _ in present)
    until = f" and its start as far as {passed[-1]}" if passed else ""
    value = register(hashlib.sha256(each).digest() for each in parts)
    return Prediction(value=value, why=f"the unified kernel image ({names}){until}")


def predict_unified_start(
    verifier: SignatureVerifier,
    loader: bytes,
    image: bytes,
    firmware: FirmwareState,
    *,
    partition: str = "",
    layout: HostLayout = DEBIAN,
) -> dict[int, Prediction]:
    """What the registers will hold after systemd-boot and a unified kernel image have started.

    Both are the bytes of their files; there is no shim before them. ``partition`` is the GUID of
    their ESP's partition.
    """

    @cache
    def parsed() -> PeImage:
        return _parsed(image)

    def by_programs() -> Prediction:
        require_first(firmware.first, partition, layout.systemd_path)
        require_known_stub(parsed())
        started = (("systemd-boot", loader), ("the unified kernel image", image))
        return predict_programs(started, firmware.events)

    def by_policy() -> Prediction:
        return predict_policy(verifier, [loader, image], firmware.known, None, firmware.events)

    return {
        programs.PCR: attempt(by_programs),
        policy.PCR: attempt(by_policy),
        COMMANDS: Prediction(value=ZERO, why="nothing: no GRUB is involved"),
        stub.PCR: attempt(lambda: predict_handover(parsed())),
        PCR: attempt(lambda: _predict_parts(parsed(), PHASES)),
        shim.PCR: Prediction(value=ZERO, why="nothing: no shim is involved"),
    }


def _parsed(image: bytes) -> PeImage:
    try:
        parsed = parse_pe(image)
    except NotPeError as error:
        raise UnpredictableError(f"the unified kernel image is damaged: {error}") from error
    if not parsed.section(".linux"):
        raise UnpredictableError("it is not a unified kernel image")
    return parsed
