"""The firmware's log of what was measured, and the registers (PCRs) that it leads to.

A small reader: what is needed of it is four numbers for each event, in the bank of SHA-256.

TCG PC Client Platform Firmware Profile 1.06, sections 9 and 10:
https://trustedcomputinggroup.org/resource/pc-client-specific-platform-firmware-profile-specification/
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

LOG = Path("/sys/kernel/security/tpm0/binary_bios_measurements")
PCRS = Path("/sys/class/tpm/tpm0/pcr-sha256")

NO_ACTION = 3
SEPARATOR = 4
VARIABLE = 0x80000001
APPLICATION = 0x80000003
ACTION = 0x80000007

ZERO = bytes(32)
SEPARATED = hashlib.sha256(bytes(4)).digest()

_SHA256 = 0x0B
_FIRST = struct.Struct("<II20sI")
_HEADER = struct.Struct("<III")
_ALGORITHM = struct.Struct("<HH")
_SIGNATURE = b"Spec ID Event03\0"
_COUNT_AT = 24  # in the first event: where the number of algorithms stands
_LOCALITY = b"StartupLocality\0"


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that was measured: into which register, what kind of thing, its digest."""

    pcr: int
    kind: int
    digest: bytes
    data: bytes


def parse_log(log: bytes) -> tuple[Event, ...]:
    """The events of a log that has SHA-256 digests.

    :raises ValueError: it has none, or it is cut off.
    """
    try:
        return _parse(log)
    except (struct.error, KeyError) as error:
        raise ValueError("the TPM's event log is cut off") from error


def _parse(log: bytes) -> tuple[Event, ...]:
    _, _, _, size = _FIRST.unpack_from(log)
    first, at = log[_FIRST.size : _FIRST.size + size], _FIRST.size + size
    if not first.startswith(_SIGNATURE):
        raise ValueError("the TPM's event log is that of a TPM 1.2")
    (count,) = struct.unpack_from("<I", first, _COUNT_AT)
    sizes = dict(_ALGORITHM.unpack_from(first, _COUNT_AT + 4 + 4 * each) for each in range(count))
    found = []
    while at < len(log):
        pcr, kind, count = _HEADER.unpack_from(log, at)
        at, digests = at + _HEADER.size, {}
        for _ in range(count):
            (algorithm,) = struct.unpack_from("<H", log, at)
            digests[algorithm] = log[at + 2 : at + 2 + sizes[algorithm]]
            at += 2 + sizes[algorithm]
        (size,) = struct.unpack_from("<I", log, at)
        data, at = log[at + 4 : at + 4 + size], at + 4 + size
        found.append(Event(pcr=pcr, kind=kind, digest=digests[_SHA256], data=data))
    if at > len(log):
        raise ValueError("the TPM's event log is cut off")
    return tuple(found)


def replay(events: Iterable[Event]) -> dict[int, bytes]:
    """What the registers hold after these events; those that none of them is about are missing."""
    found: dict[int, bytes] = {}
    for event in events:
        if event.kind != NO_ACTION:
            found[event.pcr] = _extended(found.get(event.pcr, ZERO), event.digest)
        elif event.data.startswith(_LOCALITY):  # with a measured start of the processor
            found[event.pcr] = bytes(31) + event.data[len(_LOCALITY) :][:1]
    return found


def register(digests: Iterable[bytes]) -> bytes:
    """What a register holds after these digests."""
    value = ZERO
    for each in digests:
        value = _extended(value, each)
    return value


def until_separator(events: Iterable[Event], pcr: int) -> tuple[Event, ...]:
    """What the firmware itself measured into a register; () when no separator ends it."""
    found = []
    for event in events:
        if event.pcr == pcr and event.kind != NO_ACTION:
            found.append(event)
            if event.kind == SEPARATOR:
                return tuple(found)
    return ()


def read_log(place: Path = LOG) -> tuple[Event, ...]:
    """The log of this machine's start; () when it has none that can be read."""
    try:
        return parse_log(place.read_bytes())
    except (OSError, ValueError):
        return ()


def read_pcrs(directory: Path = PCRS) -> Mapping[int, bytes]:
    """What this machine's registers hold now; nothing without a TPM 2.0."""
    found = {}
    for each in range(24):
        try:
            found[each] = bytes.fromhex((directory / str(each)).read_text("ascii").strip())
        except (OSError, ValueError):
            continue
    return found


def _extended(value: bytes, digest: bytes) -> bytes:
    return hashlib.sha256(value + digest).digest()
