"""Whether a text is an SSH public key, as the OpenSSH daemon reads it from authorized_keys."""

from __future__ import annotations

import base64
import binascii
import re

_TYPES = (
    "ssh-ed25519",
    "ssh-rsa",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "sk-ssh-ed25519@openssh.com",
    "sk-ecdsa-sha2-nistp256@openssh.com",
)
# Options may come first: from="10.0.0.0/8",restrict ssh-ed25519 AAAA... name
_KEY = re.compile(rf"(?:^|\s)({'|'.join(map(re.escape, _TYPES))})\s+(\S+)")
_WHOLE = "copy the whole line of the .pub file, like ssh-ed25519 AAAA... name"


def key_fault(text: str) -> tuple[str, str] | None:
    """What is wrong with the public key, and what to do; None when it is one.

    Neither text repeats any of it.
    """
    if "PRIVATE KEY" in text:
        return (
            "this is a private key, which belongs on no other machine",
            "give the public one, the .pub file beside it, and replace this pair: it has been seen",
        )
    if re.search(r"(?:^|\s)ssh-dss\s", text):
        return "OpenSSH no longer takes keys of the type ssh-dss", "make one with ssh-keygen"
    found = _KEY.search(text)
    if found is None:
        return "this is not a public key: it names no key type", _WHOLE
    fault = _blob_fault(found[1], found[2])
    return (fault, _WHOLE) if fault else None


def _blob_fault(kind: str, text: str) -> str:
    try:
        fields = _fields(base64.b64decode(text, validate=True))
    except (binascii.Error, ValueError):
        return "this public key is damaged: its second part is not base64"
    if fields is None or len(fields) < 2:
        return "this public key is cut off or damaged"
    if fields[0] != kind.encode():
        return "this public key is of another type than the one it names"
    return ""


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
