"""Authenticode signatures: what one vouches for, and whether a certificate vouches for it.

The cryptography is that of the openssl command, called as the firmware (EDK II) and shim call its
library: PKCS7_verify with partial chains and without a look at the clock. sbverify would be the
shorter way, but up to 0.9.4-3.1 (Debian 12) it takes any certificate at all for a signature whose
own chain holds one that has expired - which the one on shim does since June 2026.

https://github.com/tianocore/edk2/blob/master/CryptoPkg/Library/BaseCryptLib/Pk/CryptPkcs7VerifyCommon.c
"""

from __future__ import annotations

import base64
import hashlib
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from installer.errors import CommandFailed
from installer.secureboot.lists import Certificate
from installer.secureboot.pe import PeImage
from installer.system.runner import Runner

_SEQUENCE, _OBJECT, _OCTETS, _INTEGER, _SET, _CONTEXT_0 = 0x30, 0x06, 0x04, 0x02, 0x31, 0xA0
_SIGNED_DATA = bytes.fromhex("2a864886f70d010702")
_SPC_INDIRECT_DATA = bytes.fromhex("2b060104018237020104")
_ALGORITHMS = {
    bytes.fromhex("2b0e03021a"): "sha1",
    bytes.fromhex("608648016503040201"): "sha256",
    bytes.fromhex("608648016503040202"): "sha384",
    bytes.fromhex("608648016503040203"): "sha512",
}
_VERIFY = ("openssl", "smime", "-verify", "-binary", "-inform", "DER")
_AS_FIRMWARE = ("-no-CApath", "-no-CAstore", "-partial_chain", "-no_check_time", "-purpose", "any")
_SECONDS = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """A signature: ``content`` is what is signed, and holds the ``digest`` of the program."""

    der: bytes
    content: bytes
    algorithm: str
    digest: bytes

    def certificates(self) -> tuple[Certificate, ...]:
        """Those that it brings along, the signer's first."""
        from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415  (slow)
        from cryptography.hazmat.primitives.serialization import Encoding, pkcs7  # noqa: PLC0415
        from cryptography.x509 import InvalidVersion  # noqa: PLC0415

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                found = pkcs7.load_der_pkcs7_certificates(self.der)
            except (ValueError, InvalidVersion, UnsupportedAlgorithm):
                return ()
        return tuple(Certificate(der=each.public_bytes(Encoding.DER)) for each in found)

    def matches(self, image: PeImage) -> bool:
        """Whether it was made for this program as it is now."""
        return image.digest(self.algorithm) == self.digest


def parse_signature(data: bytes) -> Signature:
    """A signature out of a program (PKCS#7, DER; what follows it is padding).

    :raises ValueError: it is none.
    """
    der = data[: _end(data)]
    kind, wrapped = _members(der, _SEQUENCE, _OBJECT, _CONTEXT_0)
    if kind != _SIGNED_DATA:
        raise ValueError("no signed data")
    (signed,) = _members(wrapped, _SEQUENCE, header=False)
    _, _, content_info = _members(signed, _INTEGER, _SET, _SEQUENCE, header=False)
    kind, explicit = _members(content_info, _OBJECT, _CONTEXT_0, header=False)
    if kind != _SPC_INDIRECT_DATA:
        raise ValueError("no Authenticode signature")
    (content,) = _members(explicit, _SEQUENCE, header=False)
    _, digest_info = _members(content, _SEQUENCE, _SEQUENCE, header=False)
    algorithm, digest = _members(digest_info, _SEQUENCE, _OCTETS, header=False)
    (name,) = _members(algorithm, _OBJECT, header=False)
    if name not in _ALGORITHMS:
        raise ValueError("an unknown digest")
    return Signature(der=der, content=content, algorithm=_ALGORITHMS[name], digest=digest)


def signatures_of(image: PeImage) -> tuple[Signature, ...]:
    """The signatures that can be read; the firmware passes over the others as well."""
    found = []
    for each in image.signatures:
        try:
            found.append(parse_signature(each))
        except (ValueError, IndexError):
            continue
    return tuple(found)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignatureVerifier:
    """Verifies signatures; what it gives openssl to read lies in ``folder``, a private one."""

    runner: Runner
    folder: Path

    def require(self) -> None:
        """Look whether openssl is there, so that its absence is not taken for a bad signature.

        :raises CommandFailed: it is not.
        """
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.runner.run(["openssl", "version"])

    def voucher(
        self, signatures: Iterable[Signature], image: PeImage, among: Iterable[Certificate]
    ) -> Certificate | None:
        """The first certificate that a signature of the program goes back to."""
        valid = [each for each in signatures if each.matches(image)]
        for certificate in among:
            if any(self._verify(each, certificate) for each in valid):
                return certificate
        return None

    def _verify(self, signature: Signature, certificate: Certificate) -> bool:
        signed = self._kept(signature.der, "p7")
        content = self._kept(signature.content, "content")
        anchor = self._kept(_pem(certificate), "pem")
        argv = [*_VERIFY, "-in", str(signed), "-content", str(content), "-CAfile", str(anchor)]
        try:
            self.runner.run([*argv, *_AS_FIRMWARE, "-out", "/dev/null"], timeout=_SECONDS)
        except CommandFailed:
            return False
        return True

    def _kept(self, data: bytes, kind: str) -> Path:
        path = self.folder / f"{hashlib.sha256(data).hexdigest()[:32]}.{kind}"
        if not path.exists():
            path.write_bytes(data)
        return path


def _pem(certificate: Certificate) -> bytes:
    text = base64.encodebytes(certificate.der)
    return b"-----BEGIN CERTIFICATE-----\n" + text + b"-----END CERTIFICATE-----\n"


def _members(data: bytes, *tags: int, header: bool = True) -> list[bytes]:
    """The contents of the first members of a DER value, which must have these tags.

    ``header``: the value is still in its own header.
    """
    if header:
        (data,) = _members(data, tags[0], header=False)
        tags = tags[1:]
    found, position = [], 0
    for tag in tags:
        start, end = _bounds(data, position)
        if data[position] != tag:
            raise ValueError("not what a signature looks like")
        found.append(data[start:end])
        position = end
    return found


def _end(data: bytes) -> int:
    return _bounds(data, 0)[1]


def _bounds(data: bytes, position: int) -> tuple[int, int]:
    """Where the contents of the DER value at ``position`` begin and end."""
    length, start = data[position + 1], position + 2
    if length & 0x80:
        count = length & 0x7F
        length = int.from_bytes(data[start : start + count], "big")
        start += count
    if start + length > len(data):
        raise ValueError("a signature is cut off")
    return start, start + length
