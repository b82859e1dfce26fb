"""PCR 7: who decides what may start, and by whose word it was started.

The firmware measures its variables, and which entry of db vouches for shim; shim its revocations,
and which entry vouches for GRUB and the kernel. An entry is measured once, however often it does.

https://github.com/rhboot/shim/blob/main/verify.c
https://github.com/tianocore/edk2/blob/master/SecurityPkg/Library/DxeImageVerificationLib
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from installer.measured.log import SEPARATED, SEPARATOR, VARIABLE, Event, register, until_separator
from installer.measured.prediction import Prediction, UnpredictableError
from installer.measured.shim import ShimState
from installer.measured.variables import measured_name, variable_digest, vendor_of
from installer.secureboot.lists import Entry, entries
from installer.secureboot.pe import NotPeError, PeImage, parse_pe
from installer.secureboot.signature import Signature, SignatureVerifier, signatures_of
from installer.secureboot.variables import GLOBAL, ON, SECURITY, SHIM, Variables

PCR = 7

_FIRMWARE = ("SecureBoot", "PK", "KEK", "db", "dbx")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Source:
    """A list that may vouch for a program: its name as it is measured."""

    name: str
    vendor: str
    entries: tuple[Entry, ...]

    def digest(self, entry: Entry) -> bytes:
        return variable_digest(self.name, self.vendor, entry.data)


def predict_policy(
    verifier: SignatureVerifier,
    programs: Sequence[bytes],
    variables: Variables,
    state: ShimState | None,
    events: Iterable[Event] = (),
) -> Prediction:
    """PCR 7 after shim, and what it lets start, in this order (the bytes of their files).

    Without a shim (``state`` is None) the firmware lets all of them start. ``events`` is the
    machine's own log: which variables its firmware measures, in which order, and what else, is
    taken from there; what they hold is taken from ``variables``.

    :raises UnpredictableError: a program is damaged, or the lists are.
    """
    own = until_separator(events, PCR)
    on = variables.get(("SecureBoot", GLOBAL), b"")[:1] == ON
    try:
        images = [parse_pe(each) for each in programs]
        db = _source("db", SECURITY, variables.get(("db", SECURITY), b""))
        mok = _source("MokListRT", SHIM, state.mok if state else b"")
    except (NotPeError, ValueError) as error:
        raise UnpredictableError(f"who vouches for what cannot be read: {error}") from error
    verifier.require()
    digests = list(_firmware_part(own, variables))
    for image in (images[:1] if state else images) if on else ():
        digests += _new(digests, islice(_vouchers(verifier, image, [db], firmware=True), 1))
    by_shim = list(_shim_part(state)) if state else []
    for image in images[1:] if on and state and state.checks else ():
        by_shim += _new(by_shim, _vouchers(verifier, image, [db, mok]))
    missing = "" if own else "; the firmware's own part as specified, not from its log"
    why = f"Secure Boot {'on' if on else 'off'}, the firmware's keys, who vouches for what{missing}"
    return Prediction(value=register([*digests, *by_shim]), why=why)


def _shim_part(state: ShimState) -> Iterator[bytes]:
    """What shim measures before it starts anything."""
    if state.insecure:
        yield variable_digest("MokSBState", SHIM, state.insecure)
    yield variable_digest("SbatLevel", SHIM, state.level)


def _firmware_part(own: Sequence[Event], variables: Variables) -> Iterator[bytes]:
    """What the firmware measures by itself: as it did at this start, with what is to come."""
    for name in () if own else _FIRMWARE:
        vendor = vendor_of(name)
        yield variable_digest(name, vendor, variables.get((name, vendor), b""))
    for event in own:
        name, vendor = measured_name(event.data)
        known = event.kind == VARIABLE and name in _FIRMWARE and vendor == vendor_of(name)
        data = variables.get((name, vendor), b"")
        yield variable_digest(name, vendor, data) if known else event.digest
    if not any(each.kind == SEPARATOR for each in own):
        yield SEPARATED


def _source(name: str, vendor: str, lists: bytes) -> _Source:
    return _Source(name=name, vendor=vendor, entries=tuple(entries(lists)))


def _vouchers(
    verifier: SignatureVerifier,
    image: PeImage,
    sources: Sequence[_Source],
    *,
    firmware: bool = False,
) -> Iterator[bytes]:
    """What is measured for a program: for each signature the first entry that vouches for it.

    Shim looks for the program's digest in a list before it looks at certificates, the firmware
    afterwards.
    """
    for signature in signatures_of(image) or (None,):
        for source in sources:
            by_digest = _by_digest(image, source)
            entry = None if firmware else by_digest
            entry = entry or _by_certificate(verifier, image, signature, source) or by_digest
            if entry:
                yield source.digest(entry)
                break


def _by_digest(image: PeImage, source: _Source) -> Entry | None:
    digest = image.digest()
    listed = (each for each in source.entries if not each.is_certificate)
    return next((each for each in listed if each.value == digest), None)


def _by_certificate(
    verifier: SignatureVerifier, image: PeImage, signature: Signature | None, source: _Source
) -> Entry | None:
    if signature is None:
        return None
    listed = (each for each in source.entries if each.is_certificate)
    return next(
        (each for each in listed if verifier.voucher([signature], image, [each.certificate])), None
    )


def _new(known: Sequence[bytes], found: Iterable[bytes]) -> list[bytes]:
    """Those that were not measured yet."""
    return [each for each in dict.fromkeys(found) if each not in known]
