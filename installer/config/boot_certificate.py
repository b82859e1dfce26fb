"""A certificate of the owner's: the path of a PEM file, or the PEM text in the kickstart itself."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from concurrent.futures import ThreadPoolExecutor

_BEGIN = "-----BEGIN CERTIFICATE-----"
_ONE = re.compile(rf"{_BEGIN}([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----")
_WHOLE = 'give all that "openssl x509 -in FILE" prints, from its first line to its last'


def is_pem(certificate: str) -> bool:
    """Whether it is the text itself: the path of a file begins with a slash."""
    return not certificate.startswith("/")


def _der(text: str) -> bytes:
    """The bytes of the certificate in a PEM text that has it and nothing else.

    :raises ValueError: it has something else.
    """
    found = _ONE.fullmatch(text.strip())
    if found is None:
        raise ValueError("this is not the text of one certificate (PEM)")
    try:
        return base64.b64decode("".join(found[1].split()), validate=True)
    except binascii.Error:
        raise ValueError("this certificate is damaged: it is not base64") from None


def certificate_name(certificate: str) -> str:
    """What people read of it: its path, or how its fingerprint begins."""
    if not is_pem(certificate):
        return f"the certificate {certificate}"
    digest = hashlib.sha256(_der(certificate)).hexdigest()
    return f"the certificate in the kickstart (SHA-256 {digest[:16]})"


def certificate_fault(text: str) -> tuple[str, str] | None:
    """What is wrong with a certificate's text, and what to do; None when it is one.

    Neither text repeats any of it. Its dates and its key are looked at where it is installed: they
    are a matter of that machine's clock and firmware.
    """
    if "PRIVATE KEY" in text:
        return (
            "a private key stands here, and whoever gets the kickstart has it",
            "give the certificate alone, and replace this pair: it has been seen",
        )
    if (count := text.count(_BEGIN)) > 1:
        return (
            f"{count} certificates stand here, and only one can be meant",
            "give that of the key itself, without those of its issuers",
        )
    try:
        der = _der(text)
    except ValueError as error:
        return str(error), _WHOLE
    if not _is_one(der):
        return "this certificate is cut off or damaged: OpenSSL cannot read it", _WHOLE
    return None


def _is_one(der: bytes) -> bool:
    """Whether OpenSSL reads one certificate there, and nothing behind it.

    OpenSSL reads one with a damaged extension, but leaves an error behind, for which CPython then
    blames the next certificate that the thread reads. So each has a thread of its own, where it is
    read twice: the verdict depends on the certificate alone, and damage is seen.
    """
    with ThreadPoolExecutor(1) as fresh:
        return fresh.submit(lambda: all(_reads_as_one(der) for _ in range(2))).result()


def _reads_as_one(der: bytes) -> bool:
    import ssl  # noqa: PLC0415  (slow, and seldom wanted)

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        context.load_verify_locations(cadata=der)
    except (ssl.SSLError, ValueError):  # a ValueError: there are no bytes
        return False
    return context.cert_store_stats()["x509"] == 1
