"""A few small files as an initramfs segment: the kernel unpacks segments one after the other."""

from __future__ import annotations

from collections.abc import Mapping

_ALIGNMENT = 4
_SEGMENT_ALIGNMENT = 512


def cpio_segment(files: Mapping[str, bytes]) -> bytes:
    """A newc archive of plain files at the root, padded so that another may follow.

    https://docs.kernel.org/driver-api/early-userspace/buffer-format.html
    """
    entries = [
        _entry(number, name, data, mode=0o100644)
        for number, (name, data) in enumerate(sorted(files.items()), start=1)
    ]
    return _padded(b"".join((*entries, _entry(0, "TRAILER!!!", b"", mode=0))), _SEGMENT_ALIGNMENT)


def with_segment(initrd: bytes, files: Mapping[str, bytes]) -> bytes:
    """The initrd with these files added."""
    return _padded(initrd, _SEGMENT_ALIGNMENT) + cpio_segment(files)


def _entry(inode: int, name: str, data: bytes, *, mode: int) -> bytes:
    encoded = name.encode() + b"\0"
    fields = (inode, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(encoded), 0)
    header = b"070701" + b"".join(f"{field:08X}".encode() for field in fields)
    return _padded(header + encoded, _ALIGNMENT) + _padded(data, _ALIGNMENT)


def _padded(data: bytes, alignment: int) -> bytes:
    return data + b"\0" * (-len(data) % alignment)
