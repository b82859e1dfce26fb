"""What the kernel says of failing devices: programs often know only that something went wrong."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

KMSG = Path("/dev/kmsg")
_LARGEST_RECORD = 8192
# What the block layer and the buffer cache print: blk_print_req_error() in block/blk-mq.c and
# buffer_io_error() in fs/buffer.c of https://git.kernel.org/pub/scm/linux/kernel/git/torvalds/linux.git
_REQUEST = re.compile(
    r"(I/O|critical medium|timeout|critical target) error, dev ([^\s,]+), sector \d+(.*)"
)
_BUFFER = re.compile(r"Buffer I/O error on dev(?:ice)? ([^\s,]+),(.*)")
_WRITE = re.compile(r"\(WRITE\)|lost .*write")


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceError:
    """A request that a device did not carry out; ``device`` is the kernel's name, like ``vda``."""

    device: str
    write: bool
    text: str


class KernelLog:
    """The kernel's messages from now on. Where they cannot be read, there are none."""

    def __init__(self, path: Path = KMSG) -> None:
        self._descriptor: int | None = None
        self._found: list[DeviceError] = []
        with contextlib.suppress(OSError):
            self._descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
            os.lseek(self._descriptor, 0, os.SEEK_END)

    def close(self) -> None:
        """Let go of it."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def errors(self) -> tuple[DeviceError, ...]:
        """Every error of a device since the log was opened."""
        for line in self._new_lines():
            if found := device_error(line):
                self._found.append(found)
        return tuple(self._found)

    def _new_lines(self) -> Iterator[str]:
        while self._descriptor is not None:
            try:
                data = os.read(self._descriptor, _LARGEST_RECORD)
            except BrokenPipeError:  # what comes next was overwritten meanwhile
                continue
            except OSError:  # BlockingIOError: that was the last one
                return
            if not data:
                return
            yield from data.decode("utf-8", "replace").splitlines()


def device_error(line: str) -> DeviceError | None:
    """The error that a line of the log reports."""
    text = line.partition(";")[2] or line
    if found := _REQUEST.search(text):
        write = found[1] != "critical target" and bool(_WRITE.search(found[3]))
        return DeviceError(device=found[2], write=write, text=text)
    if found := _BUFFER.search(text):
        return DeviceError(device=found[1], write=bool(_WRITE.search(found[2])), text=text)
    return None
