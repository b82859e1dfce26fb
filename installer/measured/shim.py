"""What shim measures: the machine owner's lists (PCR 14), and its revocations (PCR 7).

https://github.com/rhboot/shim/blob/main/mok.c
"""

from __future__ import annotations

import hashlib
import struct
from dataclasses import dataclass

from installer.measured.log import register
from installer.measured.prediction import Prediction, UnpredictableError
from installer.secureboot.lists import signature_list
from installer.secureboot.pe import NotPeError, PeImage, parse_pe
from installer.secureboot.sbat import built_in_level, effective_level
from installer.secureboot.variables import SHIM, Variables, shim_variable

PCR = 14

_VENDOR = struct.Struct("<IIII")
_DER = b"\x30\x82"
_NO_SHIM = "this machine was not started by a shim, which alone can read the machine owner's list"


@dataclass(frozen=True, slots=True, kw_only=True)
class ShimState:
    """What shim finds and makes when it starts.

    ``mok`` and ``mokx`` are the machine owner's lists with shim's own part, ``insecure`` is what
    the owner said of checking signatures ("" when nothing), ``policy`` likewise.
    """

    mok: bytes
    mokx: bytes
    level: bytes
    insecure: bytes
    policy: bytes
    trusted: bool
    joining: bool

    @property
    def checks(self) -> bool:
        """Whether it checks signatures where the firmware does."""
        return self.insecure != b"\x01"


def shim_state(shim: bytes, variables: Variables) -> ShimState:
    """What a shim (the bytes of its file) will make of the variables.

    :raises UnpredictableError: that cannot be known.
    """
    try:
        image = parse_pe(shim)
    except NotPeError as error:
        raise UnpredictableError(f"shim is damaged: {error}") from error
    vendor, revoked = _built_in(image)
    if any(variables.get((name, SHIM)) for name in ("MokDel", "MokXNew")):
        raise UnpredictableError("MokManager will ask whether the machine owner's list is changed")
    new = variables.get(("MokNew", SHIM), b"")
    return ShimState(
        mok=vendor + _own(variables, "MokList", vendor) + new,
        mokx=revoked + _own(variables, "MokListX", revoked),
        level=_level(image, variables),
        insecure=shim_variable(variables, "MokSBState"),
        policy=shim_variable(variables, "MokPolicy"),
        trusted=_trusted(variables),
        joining=bool(new),
    )


def predict_owner(state: ShimState) -> Prediction:
    """PCR 14: the lists as shim hands them to the kernel."""
    texts = [state.mok, state.mokx, state.insecure, b"\x01" if state.trusted else b"", state.policy]
    value = register(hashlib.sha256(each).digest() for each in texts if each)
    joining = ", with the key that MokManager will ask about" if state.joining else ""
    return Prediction(value=value, why=f"the machine owner's keys and shim's{joining}")


def _built_in(image: PeImage) -> tuple[bytes, bytes]:
    """Shim's own certificate, as a list, and its own list of what it refuses."""
    section = image.section(".vendor_cert")
    if len(section) < _VENDOR.size:
        raise UnpredictableError("shim has no certificate of its own")
    size, revoked_size, start, revoked_start = _VENDOR.unpack_from(section)
    der, revoked = section[start:][:size], section[revoked_start:][:revoked_size]
    if not der.startswith(_DER):
        raise UnpredictableError("shim has a list of its own instead of a certificate")
    if not revoked:
        raise UnpredictableError("shim has no list of its own of what it refuses")
    return signature_list(SHIM, der), revoked


def _own(variables: Variables, name: str, built_in: bytes) -> bytes:
    """What is in a list besides what is built in: the machine owner's part.

    A variable store has just that; a running system sees it behind the part of the shim that has
    started it, which is the same for one with the same keys.
    """
    mirrored = variables.get((f"{name}RT", SHIM))
    if mirrored is None:
        return variables.get((name, SHIM), b"")
    if not mirrored:
        raise UnpredictableError(_NO_SHIM)
    if not mirrored.startswith(built_in):
        raise UnpredictableError("this machine was started by a shim with other keys")
    return mirrored[len(built_in) :]


def _trusted(variables: Variables) -> bool:
    """Whether the kernel is to trust the list: yes when nothing says otherwise."""
    mirrored = variables.get(("MokListTrustedRT", SHIM))
    if mirrored is None:
        return ("MokListTrusted", SHIM) not in variables
    return mirrored == b"\x01"


def _level(image: PeImage, variables: Variables) -> bytes:
    """The revocations by generation: the firmware's, or shim's when they are newer."""
    found = shim_variable(variables, "SbatLevel")
    built_in = built_in_level(image.section(".sbatlevel"))
    text = found.rstrip(b"\0").decode("ascii", "replace")
    return found if effective_level(text, built_in) == text else built_in.encode("ascii", "replace")
