"""EFI programs (PE files), as far as a signature check has to understand them.

The rules are those of the firmware and of shim: what Authenticode leaves out of the digest is the
checksum, the place of the signatures, and the signatures themselves. Read here rather than with a
library, since what lies on an ESP may be anything: every number is looked at before it is used.

https://learn.microsoft.com/en-us/windows/win32/debug/pe-format
https://github.com/tianocore/edk2/blob/master/SecurityPkg/Library/DxeImageVerificationLib
"""

from __future__ import annotations

import hashlib
import struct
from dataclasses import dataclass

_PE_OFFSET = 0x3C
_FILE_HEADER = struct.Struct("<4sHHIIIHH")
_SECTION = struct.Struct("<8sIIII16x")
_CERTIFICATE = struct.Struct("<IHH")
_MAGIC_32, _MAGIC_64 = 0x10B, 0x20B
_HEADERS_SIZE, _CHECKSUM = 60, 64  # offsets in the optional header
_DIRECTORIES = {_MAGIC_32: 96, _MAGIC_64: 112}
_SECURITY = 4  # the directory that says where the signatures are
_SYMBOL_SIZE = 18
_PKCS7, _REVISION = 2, 0x200
_MOST_SIGNATURES = 32
MOST_BYTES = 1 << 29  # the largest file that is looked at


class NotPeError(ValueError):
    """The file is no EFI program, or not a whole one; the text says in which way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A section: where it lies in the file."""

    name: str
    offset: int
    size: int
    virtual_size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PeImage:
    """An EFI program. ``signatures`` are its PKCS#7 signatures (DER), in their order."""

    data: bytes
    checksum: int
    security: int | None
    headers: int
    signed_size: int
    sections: tuple[Section, ...]
    signatures: tuple[bytes, ...]

    def section(self, name: str) -> bytes:
        """The contents of a section, b"" when there is none of that name."""
        for each in self.sections:
            if each.name == name:
                size = min(each.size, each.virtual_size or each.size)
                return self.data[each.offset : each.offset + size]
        return b""

    def digest(self, algorithm: str = "sha256") -> bytes:
        """The Authenticode digest, which signatures and dbx speak of."""
        digest = hashlib.new(algorithm, usedforsecurity=algorithm != "sha1")
        view = memoryview(self.data)
        digest.update(view[: self.checksum])
        if self.security is None:
            digest.update(view[self.checksum + 4 : self.headers])
        else:
            digest.update(view[self.checksum + 4 : self.security])
            digest.update(view[self.security + 8 : self.headers])
        hashed = self.headers
        for each in sorted(self.sections, key=lambda section: section.offset):
            digest.update(view[each.offset : each.offset + each.size])
            hashed += each.size
        if hashed < self.signed_size:
            digest.update(view[hashed : self.signed_size])
        if not self.signatures:  # as it would be padded before it is signed
            digest.update(bytes(-self.signed_size % 8))
        return digest.digest()


def parse_pe(data: bytes) -> PeImage:
    """The EFI program that a file holds.

    :raises NotPeError: it is none, or it is cut off or contradicts itself.
    """
    if not data:
        raise NotPeError("it is empty")
    if len(data) > MOST_BYTES:
        raise NotPeError("it is too large for an EFI program")
    try:
        return _parse(data)
    except (struct.error, IndexError) as error:
        raise NotPeError("it is cut off") from error


def _parse(data: bytes) -> PeImage:
    if data[:2] != b"MZ":
        raise NotPeError("it is not an EFI program")
    (pe,) = struct.unpack_from("<I", data, _PE_OFFSET)
    signature, _, count, _, symbols, symbol_count, optional_size, _ = _FILE_HEADER.unpack_from(
        data, pe
    )
    if signature != b"PE\0\0":
        raise NotPeError("it is not an EFI program")
    optional = pe + _FILE_HEADER.size
    (magic,) = struct.unpack_from("<H", data, optional)
    if magic not in _DIRECTORIES:
        raise NotPeError("it is not an EFI program")
    (headers,) = struct.unpack_from("<I", data, optional + _HEADERS_SIZE)
    table = optional + optional_size
    if not table + count * 40 <= headers <= len(data):
        raise NotPeError("its headers do not fit into it")
    sections = tuple(
        _section(data, table + number * 40, symbols + symbol_count * _SYMBOL_SIZE)
        for number in range(count)
    )
    _require_inside(sections, headers, len(data))
    directories = optional + _DIRECTORIES[magic]
    (numbers,) = struct.unpack_from("<I", data, directories - 4)
    security = directories + 8 * _SECURITY if numbers > _SECURITY else None
    if security is not None and security + 8 > table:
        raise NotPeError("its headers contradict each other")
    start, size = struct.unpack_from("<II", data, security) if security is not None else (0, 0)
    return PeImage(
        data=data,
        checksum=optional + _CHECKSUM,
        security=security,
        headers=headers,
        signed_size=start if size else len(data),
        sections=tuple(each for each in sections if each.size),
        signatures=_signatures(data, start, size, headers) if size else (),
    )


def _section(data: bytes, offset: int, strings: int) -> Section:
    raw, virtual_size, _, size, start = _SECTION.unpack_from(data, offset)
    name = raw.rstrip(b"\0")
    if name[:1] == b"/" and name[1:].isdigit():  # too long for eight bytes
        place = strings + int(name[1:])
        end = data.find(b"\0", place)
        name = data[place:end] if place < end <= place + 64 else name
    return Section(name=name.decode("latin-1"), offset=start, size=size, virtual_size=virtual_size)


def _require_inside(sections: tuple[Section, ...], headers: int, end: int) -> None:
    """No section reaches out of the file, or lies over another: firmware refuses both."""
    reached = headers
    for each in sorted(sections, key=lambda section: section.offset):
        if not each.size:
            continue
        if each.offset + each.size > end:
            raise NotPeError("it is cut off")
        if each.offset < reached:
            raise NotPeError("its sections lie over each other")
        reached = each.offset + each.size


def _signatures(data: bytes, start: int, size: int, headers: int) -> tuple[bytes, ...]:
    if start < headers or start + size != len(data):
        raise NotPeError("its signatures do not fill its end")
    found: list[bytes] = []
    while start + _CERTIFICATE.size < len(data):
        length, revision, kind = _CERTIFICATE.unpack_from(data, start)
        if length <= _CERTIFICATE.size or start + length > len(data):
            raise NotPeError("its signatures are cut off")
        if len(found) == _MOST_SIGNATURES:
            raise NotPeError("it has too many signatures")
        if revision == _REVISION and kind == _PKCS7:
            found.append(data[start + _CERTIFICATE.size : start + length])
        start += length + -length % 8
    return tuple(found)
