"""EFI signature lists: the certificates and digests that db, dbx, KEK, PK and the MOK lists hold.

UEFI specification 2.10, section 32.4.1.
"""

from __future__ import annotations

import hashlib
import struct
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from ks_schema.wording import printable

if TYPE_CHECKING:
    from cryptography import x509

_LIST = struct.Struct("<16sIII")
_OWNER_SIZE = 16
_X509 = UUID("a5c059a1-94e4-4aa7-87b5-ab155c2bf072")
_X509_SHA256 = UUID("3bd2a492-96c0-4079-b420-fcf98ef103ed")
_DIGESTS = {
    UUID("826ca512-cf10-4ac9-b187-be01496631bd"): "sha1",
    UUID("c1c41626-504c-4092-aca9-41f936934328"): "sha256",
    UUID("ff3e5307-9fd0-48c9-85f1-8ad56c701e01"): "sha384",
    UUID("093e0fae-a6c4-4f50-9f1b-d41e2b89c19a"): "sha512",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """A certificate (DER). It need not be a sound one."""

    der: bytes

    @property
    def name(self) -> str:
        """Who it is: its common name, else its organisation, else a part of its digest."""
        from cryptography.x509.oid import NameOID  # noqa: PLC0415  (slow, and seldom wanted)

        if found := self._parsed():
            for kind in (NameOID.COMMON_NAME, NameOID.ORGANIZATION_NAME):
                try:
                    if values := found.subject.get_attributes_for_oid(kind):
                        return printable(str(values[0].value))
                except ValueError:
                    continue
        return f"a certificate with SHA-256 {hashlib.sha256(self.der).hexdigest()[:16]}"

    @property
    def to_be_signed(self) -> bytes:
        """The SHA-256 digest by which dbx may name it; b"" when it cannot be read."""
        found = self._parsed()
        return hashlib.sha256(found.tbs_certificate_bytes).digest() if found else b""

    def _parsed(self) -> x509.Certificate | None:
        from cryptography.x509 import InvalidVersion, load_der_x509_certificate  # noqa: PLC0415

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of an odd serial number, say
            try:
                return load_der_x509_certificate(self.der)
            except (ValueError, InvalidVersion):
                return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Signatures:
    """What a variable like db holds.

    ``digests`` are an algorithm and an image's digest in it, ``revoked`` the SHA-256 digests of
    the signed parts of certificates.
    """

    certificates: tuple[Certificate, ...] = ()
    digests: frozenset[tuple[str, bytes]] = frozenset()
    revoked: frozenset[bytes] = frozenset()

    def __add__(self, other: Signatures) -> Signatures:
        return Signatures(
            certificates=self.certificates + other.certificates,
            digests=self.digests | other.digests,
            revoked=self.revoked | other.revoked,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """An entry of a signature list: of what kind, and ``data``, whose it is and what is in it."""

    kind: UUID
    data: bytes

    @property
    def value(self) -> bytes:
        """What is in it: a certificate (DER), or a digest."""
        return self.data[_OWNER_SIZE:]

    @property
    def is_certificate(self) -> bool:
        """Whether it is one, and no digest."""
        return self.kind == _X509

    @property
    def certificate(self) -> Certificate:
        """The certificate."""
        return Certificate(der=self.value)


def entries(lists: bytes) -> Iterator[Entry]:
    """The entries of signature lists, one list after another.

    :raises ValueError: the lists are cut off, or contradict themselves.
    """
    position = 0
    while position < len(lists):
        if position + _LIST.size > len(lists):
            raise ValueError("a signature list is cut off")
        kind, size, header, each = _LIST.unpack_from(lists, position)
        start, end = position + _LIST.size + header, position + size
        if size < _LIST.size or start > end or end > len(lists):
            raise ValueError("a signature list is cut off")
        if each <= _OWNER_SIZE or (end - start) % each:
            raise ValueError("a signature list contradicts itself")
        for place in range(start, end, each):
            yield Entry(kind=UUID(bytes_le=kind), data=lists[place : place + each])
        position = end


def parse_lists(lists: bytes) -> Signatures:
    """What the lists say; what is not understood is passed over.

    :raises ValueError: they are cut off, or contradict themselves.
    """
    certificates: list[Certificate] = []
    digests: set[tuple[str, bytes]] = set()
    revoked: set[bytes] = set()
    for entry in entries(lists):
        if entry.is_certificate:
            certificates.append(entry.certificate)
        elif entry.kind == _X509_SHA256:
            revoked.add(entry.value[:32])
        elif entry.kind in _DIGESTS:
            digests.add((_DIGESTS[entry.kind], entry.value))
    return Signatures(
        certificates=tuple(certificates), digests=frozenset(digests), revoked=frozenset(revoked)
    )


def signature_list(owner: str, der: bytes) -> bytes:
    """A list of one certificate: lists have entries of one size, so each has its own."""
    entry = UUID(owner).bytes_le + der
    return _LIST.pack(_X509.bytes_le, _LIST.size + len(entry), 0, len(entry)) + entry
