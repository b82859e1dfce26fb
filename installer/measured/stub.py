"""PCR 9 of a unified kernel image: what systemd-stub gives to the kernel, which measures it.

That is the command line, and the initrd with a few files behind it, which the stub packs as cpio
archives of its own: in ``/.extra``, for those who unlock disks.
https://github.com/systemd/systemd/blob/v257/src/boot/cpio.c
"""

from __future__ import annotations

import hashlib
import re

from installer.measured.log import register
from installer.measured.prediction import Prediction, UnpredictableError
from installer.secureboot.pe import PeImage

PCR = 9

# Which files these are, and in what order, is another matter with another stub.
_KNOWN = "257"
_EXTRA = ".extra"
_FILES = (
    (".pcrsig", "tpm2-pcr-signature.json"),
    (".pcrpkey", "tpm2-pcr-public-key.pem"),
    (".osrel", "os-release"),
)
_FOLDER, _FILE = 0o040555, 0o100444
_TRAILER = b"TRAILER!!!"
_UNSEEN = re.compile(r"[\x00-\x1f]")


def require_known_stub(image: PeImage) -> None:
    """The image has a stub of which it is known what it does.

    :raises UnpredictableError: it has another.
    """
    said = image.section(".sdmagic").decode("ascii", "replace")
    found = re.search(r"LoaderInfo: systemd-stub (\S+)", said)
    if not found:
        raise UnpredictableError("it is not systemd's stub that starts the kernel")
    if re.split(r"\D", found[1])[0] != _KNOWN:
        raise UnpredictableError(f"it is known of systemd {_KNOWN}, and the stub is {found[1]}")


def predict_handover(image: PeImage) -> Prediction:
    """PCR 9 after the kernel of this image has started, by the stub of systemd that is known.

    :raises UnpredictableError: it has another stub.
    """
    require_known_stub(image)
    initrd = b"".join([_aligned(image.section(".initrd")), *added_archives(image)])
    value = register(hashlib.sha256(each).digest() for each in (_options(image), initrd))
    why = "its command line, and its initrd with what the stub adds, as the kernel measures them"
    return Prediction(value=value, why=why)


def added_archives(image: PeImage) -> tuple[bytes, ...]:
    """What the stub puts behind the initrd: archives of a file each, in their order."""
    parts = ((file, image.section(name)) for name, file in _FILES)
    return tuple(_archive(file, data) for file, data in parts if data)


def _options(image: PeImage) -> bytes:
    text = _UNSEEN.sub(" ", image.section(".cmdline").decode("utf-8", "replace")).strip(" ")
    return f"{text}\0".encode("utf-16-le")


def _archive(name: str, data: bytes) -> bytes:
    """A cpio archive (newc) of one file, in the bytes that the stub writes."""
    return b"".join(
        (
            _entry(1, _FOLDER, _EXTRA.encode("ascii"), b""),
            _entry(2, _FILE, f"{_EXTRA}/{name}".encode("ascii"), data),
            _entry(0, 0, _TRAILER, b""),
        )
    )


def _entry(inode: int, mode: int, name: bytes, data: bytes) -> bytes:
    words = (inode, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name) + 1, 0)
    numbers = "".join(f"{each:08x}" for each in words).encode("ascii")
    if name == _TRAILER:
        numbers = numbers.upper()  # it is a constant there, in other letters than what is computed
    return _aligned(b"070701" + numbers + name + b"\0") + _aligned(data)


def _aligned(data: bytes) -> bytes:
    return data + bytes(-len(data) % 4)
