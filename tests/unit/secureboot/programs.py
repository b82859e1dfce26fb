"""What the tests sign and judge: small EFI programs made here, keys to throw away, firmware."""

from __future__ import annotations

import struct
import subprocess
from dataclasses import dataclass
from pathlib import Path

from virt.firmware.efi import guids, siglist

from installer.secureboot.lists import Certificate, Signatures, parse_lists
from installer.secureboot.signature import SignatureVerifier
from installer.secureboot.trust import Trust
from installer.system.run import ProcessRunner

OWNER = "77fa9abd-0359-4d32-bd60-28f4e78f784b"
SBAT = b"sbat,1,SBAT Version,sbat,1,https://example.net\nthing,3,Somebody,thing,1,https://example.net\n"
_ALIGNMENT = 512
_HEADERS = 1024


def program(text: bytes = b"something to run", *, sbat: bytes = SBAT, **sections: bytes) -> bytes:
    """An EFI program for x86-64 that nobody should start; ``sections`` by their names, no dots."""
    parts = {".text": text, **({".sbat": sbat} if sbat else {})}
    parts |= {f".{name}": data for name, data in sections.items()}
    strings, headers, bodies = b"", b"", b""
    for number, (name, data) in enumerate(parts.items(), 1):
        short = name.encode()
        if len(short) > 8:
            short = f"/{4 + len(strings)}".encode()
            strings += name.encode() + b"\0"
        size = len(data) + -len(data) % _ALIGNMENT
        headers += struct.pack(
            "<8sIIIIIIHHI", short, len(data), 4096 * number, size, _HEADERS + len(bodies),
            0, 0, 0, 0, 0x60000020,
        )  # fmt: skip
        bodies += data.ljust(size, b"\0")
    strings = struct.pack("<I", 4 + len(strings)) + strings
    strings = strings.ljust(len(strings) + -len(strings) % 8, b"\0")
    optional = struct.pack(
        "<HBBIIIII", 0x20B, 2, 0, len(bodies), 0, 0, 4096, 4096
    ) + struct.pack(
        "<QIIHHHHHHIIIIHHQQQQII", 0, 4096, _ALIGNMENT, 0, 0, 0, 0, 0, 0, 0,
        4096 * (len(parts) + 1), _HEADERS, 0, 10, 0, 0, 0, 0, 0, 0, 16,
    )  # fmt: skip
    optional += bytes(16 * 8)
    file = struct.pack(
        "<4sHHIIIHH", b"PE\0\0", 0x8664, len(parts), 0, _HEADERS + len(bodies), 0,
        len(optional), 0x206,
    )  # fmt: skip
    head = b"MZ".ljust(0x3C, b"\0") + struct.pack("<I", 0x80) + bytes(0x40)
    return (head + file + optional + headers).ljust(_HEADERS, b"\0") + bodies + strings


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """A private key and its certificate; ``issuers`` come with its signatures."""

    key: Path
    certificate: Path
    issuers: tuple[Path, ...] = ()

    @property
    def listed(self) -> Signatures:
        """A signature list with the certificate alone, as a firmware would have it."""
        return listed(self.certificate)

    @property
    def der(self) -> bytes:
        return self.listed.certificates[0].der

    def sign(self, data: bytes) -> bytes:
        """The program with one more signature."""
        folder = self.key.parent
        (folder / "in.efi").write_bytes(data)
        more = [word for each in self.issuers for word in ("--addcert", str(each))]
        words = ["--key", str(self.key), "--cert", str(self.certificate), *more]
        done = subprocess.run(
            ["sbsign", *words, "--output", str(folder / "out.efi"), str(folder / "in.efi")],
            check=False,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        return (folder / "out.efi").read_bytes()


def make_key(folder: Path, name: str, *, issuer: Key | None = None, ended: bool = False) -> Key:
    """A key to throw away, its certificate signed by itself or by ``issuer``."""
    folder = folder / name.replace(" ", "-")
    folder.mkdir()
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    words = ["-newkey", "rsa:2048", "-nodes", "-keyout", str(key), "-subj", f"/CN={name}"]
    if issuer is None and not ended:
        _openssl("req", "-x509", *words, "-days", "36500", "-out", str(certificate))
        return Key(key=key, certificate=certificate)
    request = folder / "request.pem"
    _openssl("req", "-new", *words, "-out", str(request))
    by = issuer or Key(key=key, certificate=certificate)
    signed_by = ["-signkey", str(key)]
    if issuer is not None:
        signed_by = ["-CA", str(by.certificate), "-CAkey", str(by.key), "-CAcreateserial"]
    days = ["-days", "-1"] if ended else ["-days", "36500"]
    _openssl("x509", "-req", "-in", str(request), *signed_by, *days, "-out", str(certificate))
    issuers = (issuer.certificate, *issuer.issuers) if issuer else ()
    return Key(key=key, certificate=certificate, issuers=issuers)


def listed(*certificates: Path, digests: tuple[bytes, ...] = ()) -> Signatures:
    """What a variable with these certificates and SHA-256 digests means."""
    return parse_lists(lists(*certificates, digests=digests))


def lists(*certificates: Path, digests: tuple[bytes, ...] = ()) -> bytes:
    """Signature lists as firmware has them, by virt-firmware."""
    found = siglist.EfiSigDB()
    for each in certificates:
        found.add_cert(guids.parse_str(OWNER), str(each))
    for digest in digests:
        found.add_hash(guids.parse_str(OWNER), digest)
    return bytes(found)


def shim_sections(
    *, vendor: bytes = b"", revoked: bytes = b"", level: str = "sbat,1,2021030218\n"
) -> dict[str, bytes]:
    """The sections by which shim knows whom it was built to trust, and what it refuses itself."""
    table = struct.pack("<IIII", len(vendor), len(revoked), 16, 16 + len(vendor))
    automatic, latest = level.encode() + b"\0", b"sbat,1,2099010100\nthing,99\n\0"
    levels = struct.pack("<III", 0, 8, 8 + len(automatic)) + automatic + latest
    return {"vendor_cert": table + vendor + revoked, "sbatlevel": levels}


def signature_verifier(folder: Path) -> SignatureVerifier:
    """A verifier with the real openssl."""
    made = SignatureVerifier(runner=ProcessRunner(lambda _: None), folder=folder)
    made.require()
    return made


def trust(**lists_of: Signatures | str) -> Trust:
    """A firmware that enforces Secure Boot."""
    return Trust(source="the test's firmware", enforced=True, **lists_of)  # type: ignore[arg-type]


def certificate(key: Key) -> Certificate:
    """Its certificate."""
    return key.listed.certificates[0]


def _openssl(*words: str) -> None:
    subprocess.run(["openssl", *words], check=True, capture_output=True)
