"""A FAT32 as firmware reads it: strict, so that a chain of clusters that is broken is seen."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

_END, _MASK = 0x0FFFFFF8, 0x0FFFFFFF
_LONG, _DIRECTORY, _VOLUME = 0x0F, 0x10, 0x08


class BrokenError(Exception):
    """It is not a FAT, or a file's clusters are not those of a file."""


@dataclass(frozen=True, slots=True)
class Fat:
    """A FAT32 in memory."""

    data: bytes

    def files(self) -> dict[str, bytes | None]:
        """The files by their paths in lower case; None for one that cannot be read.

        No files at all where firmware sees no FAT.
        """
        try:
            root = struct.unpack_from("<I", self._boot_sector(), 44)[0]
            return dict(self._walk(self._chain(root), "", 0))
        except (BrokenError, struct.error, IndexError):
            return {}

    def _boot_sector(self) -> bytes:
        sector = self.data[:512]
        if sector[:1] not in {b"\xeb", b"\xe9"} or sector[510:512] != b"\x55\xaa":
            raise BrokenError("no boot sector")
        return sector

    def _geometry(self) -> tuple[int, int, int]:
        """The bytes of a cluster, where the FAT is, where the clusters begin."""
        size, per_cluster, reserved, fats = struct.unpack_from("<HBHB", self._boot_sector(), 11)
        (length,) = struct.unpack_from("<I", self._boot_sector(), 36)
        return size * per_cluster, reserved * size, (reserved + fats * length) * size

    def _chain(self, cluster: int) -> bytes:
        size, table, start = self._geometry()
        content, seen = bytearray(), set[int]()
        while cluster < _END:
            if cluster < 2 or cluster in seen:
                raise BrokenError("a free cluster, or a circle, in a chain")
            seen.add(cluster)
            place = start + (cluster - 2) * size
            content += self.data[place : place + size]
            cluster = struct.unpack_from("<I", self.data, table + 4 * cluster)[0] & _MASK
        return bytes(content)

    def _walk(self, directory: bytes, path: str, depth: int) -> Iterator[tuple[str, bytes | None]]:
        for name, is_directory, cluster, size in _entries(directory):
            place = f"{path}{name.lower()}"
            try:
                content = self._chain(cluster) if cluster else b""
                if is_directory and depth < 8:
                    yield from self._walk(content, f"{place}/", depth + 1)
                elif not is_directory:
                    yield place, content[:size] if len(content) >= size else None
            except (BrokenError, struct.error):
                yield place, None


def _entries(directory: bytes) -> Iterator[tuple[str, bool, int, int]]:
    long: dict[int, str] = {}
    for start in range(0, len(directory) - 31, 32):
        entry = directory[start : start + 32]
        if entry[0] == 0:
            return
        if entry[0] == 0xE5:
            long = {}
        elif entry[11] == _LONG:
            text = (entry[1:11] + entry[14:26] + entry[28:32]).decode("utf-16-le", "replace")
            long[entry[0] & 0x1F] = text.split("\0")[0]
        else:
            name, attributes = entry[:11].decode("latin-1"), entry[11]
            short = ".".join(filter(None, (name[:8].strip(), name[8:].strip())))
            high, low, size = (
                struct.unpack_from("<H", entry, 20)[0],
                struct.unpack_from("<H", entry, 26)[0],
                struct.unpack_from("<I", entry, 28)[0],
            )
            full = "".join(long[each] for each in sorted(long)) or short
            long = {}
            if not attributes & _VOLUME and short not in {".", ".."}:
                yield full, bool(attributes & _DIRECTORY), high << 16 | low, size
