"""Whether a text is an SSH public key, as the OpenSSH daemon reads it from authorized_keys.

A line has an optional first word of options, the type, the key in base64, and a comment; only space
and tab separate them (sshd(8), AUTHORIZED_KEYS FILE FORMAT; ``sshkey_read`` in
https://github.com/openssh/openssh-portable/blob/V_10_0/sshkey.c). A line that sshd cannot read it
passes over, so that nobody can log in with its key.
"""

from __future__ import annotations

import base64
import binascii
import re
from datetime import datetime
from typing import NamedTuple

from installer.config.ssh_options import Options, OptionsFault, is_open, read_options
from installer.config.ssh_points import is_on_curve

_RSA = "ssh-rsa"
# The names of signatures with an RSA key mean its type as well.
_TYPES = {
    each: each
    for each in (
        "ssh-ed25519",
        _RSA,
        "ecdsa-sha2-nistp256",
        "ecdsa-sha2-nistp384",
        "ecdsa-sha2-nistp521",
        "sk-ssh-ed25519@openssh.com",
        "sk-ecdsa-sha2-nistp256@openssh.com",
    )
} | {"rsa-sha2-256": _RSA, "rsa-sha2-512": _RSA}
_CERTIFICATE = "-cert-v01@openssh.com"
# RequiredRSASize of sshd_config(5), and SSHBUF_MAX_BIGNUM.
_LEAST_RSA, _MOST_RSA = 1024, 16384
_ED25519_BYTES = 32
_WHOLE = "copy the whole line of the .pub file, like ssh-ed25519 AAAA... name"
_DAMAGED = "this public key is cut off or damaged"

_WORD = re.compile(r"[ \t]*([^ \t]*)[ \t]*")


class _Key(NamedTuple):
    options: Options
    type: str
    blob: str


class _Fault(Exception):
    """Why a line is not a key, and what to do; neither text repeats any of it."""

    def __init__(self, message: str, hint: str = _WHOLE) -> None:
        super().__init__(message)
        self.both = message, hint


def key_fault(text: str) -> tuple[str, str] | None:
    """What is wrong with the public key, and what to do; None when sshd takes it.

    Neither text repeats any of it.
    """
    try:
        key = _read(text)
        _require_key(key.type, key.blob)
    except _Fault as fault:
        return fault.both
    return None


def key_opens(text: str, now: datetime | None) -> bool:
    """Whether somebody can log in with the key at that time (UTC); None is before any expiry."""
    return key_fault(text) is None and is_open(_read(text).options, now)


def _read(text: str) -> _Key:
    if "-----BEGIN" in text and "PRIVATE KEY" in text:
        raise _Fault(
            "this is a private key, which belongs on no other machine",
            "give the public one, the .pub file beside it, and replace this pair: it has been seen",
        )
    first, rest = _word(text)
    if (kind := _type(first, rest)) is not None:
        return _Key({}, kind, _word(rest)[0])
    options, rest = _split_options(text.lstrip(" \t"))
    second, rest = _word(rest)
    kind = _type(second, rest)
    if kind is None:
        raise _Fault(_no_type(text))
    try:
        found = read_options(options)
    except OptionsFault as fault:
        raise _Fault(f"before the type of this public key, {fault.message}", fault.hint) from None
    return _Key(found, kind, _word(rest)[0])


def _word(text: str) -> tuple[str, str]:
    """The first word of a line, and what follows it."""
    found = _WORD.match(text)
    return (found[1], text[found.end() :]) if found else ("", text)


def _type(word: str, rest: str) -> str | None:
    """The type of the key that a word names, if a key can follow."""
    if word == "ssh-dss":
        raise _Fault("OpenSSH no longer takes keys of the type ssh-dss", "make one with ssh-keygen")
    if word.endswith(_CERTIFICATE):
        raise _Fault(
            "this is a certificate, which sshd takes from the user alone",
            'give the key that signed it: cert-authority,principals="ops" ssh-ed25519 AAAA...',
        )
    return _TYPES.get(word) if rest else None


def _split_options(text: str) -> tuple[str, str]:
    """The options, whose quotes may have blanks in them, and what follows.

    ``sshkey_advance_past_options``: a backslash takes the meaning of a quote away, in and outside.
    """
    place, quoted = 0, False
    while place < len(text) and (quoted or text[place] not in " \t"):
        if text.startswith('\\"', place):
            place += 1
        elif text[place] == '"':
            quoted = not quoted
        place += 1
    if quoted:
        raise _Fault(
            "the quotes of an option of this public key are not closed",
            'like command="echo hello" ssh-ed25519 AAAA... name',
        )
    return text[:place], text[place:]


def _no_type(text: str) -> str:
    if any(each.isspace() and each not in " \t" for each in text):
        return (
            "this is not a public key: it has another kind of blank in it than space and tab, "
            "as a web page may have"
        )
    words = re.split(r"[ \t]+", text)
    if any(each in _TYPES for each in words[2:]):
        return "this is not a public key: more than one word is before its type"
    return "this is not a public key: it names no key type"


def _require_key(kind: str, text: str) -> None:
    try:
        blob = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise _Fault("this public key is damaged: its second part is not base64") from None
    fields = _fields(blob)
    if fields is None or len(fields) < 2 or base64.b64encode(blob).decode() != text:
        raise _Fault(_DAMAGED)
    if fields[0] != kind.encode():
        raise _Fault("this public key is of another type than the one it names")
    match kind.removeprefix("sk-").removesuffix("@openssh.com"), fields[1:]:
        case "ssh-ed25519", [point, *application]:
            sound = len(point) == _ED25519_BYTES
        case "ssh-rsa", [exponent, modulus, *application]:
            _require_size(modulus)
            sound = _is_rsa(exponent, modulus)
        case name, [curve, point, *application] if name.startswith("ecdsa"):
            sound = name.encode().endswith(b"-" + curve) and is_on_curve(curve.decode(), point)
        case _:
            sound, application = False, []
    if not sound or len(application) != kind.startswith("sk-"):
        raise _Fault(_DAMAGED)


def _require_size(modulus: bytes) -> None:
    bits = int.from_bytes(modulus, "big").bit_length()
    if not _LEAST_RSA <= bits <= _MOST_RSA:
        raise _Fault(
            f"this RSA key has {bits} bits, and sshd takes those from {_LEAST_RSA} to {_MOST_RSA}",
            "make one with ssh-keygen -t ed25519",
        )


def _is_rsa(exponent: bytes, modulus: bytes) -> bool:
    """Whether they are positive, odd, and the exponent the smaller (``sshbuf_get_bignum2``)."""
    small, large = (int.from_bytes(each, "big", signed=True) for each in (exponent, modulus))
    return 1 < small < large and bool(small & large & 1)


def _fields(blob: bytes) -> list[bytes] | None:
    """The parts of the key, each behind its length in four bytes (RFC 4253, section 6.6)."""
    fields = []
    while blob:
        end = 4 + int.from_bytes(blob[:4], "big")
        if len(blob) < end:
            return None
        fields.append(blob[4:end])
        blob = blob[end:]
    return fields
