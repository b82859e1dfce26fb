"""What a power cut leaves of recorded writes: what was not flushed is there, missing, or torn.

A log is what QEMU's ``blklogwrites`` writes (the format of dm-log-writes), or what is made from
copies of an image before and after each command.
"""

from __future__ import annotations

import os
import random
import struct
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from installer.system.run import ProcessRunner
from installer.system.runner import Input

SECTOR = 512
_FLUSH, _FUA, _DISCARD = 1, 2, 4


@dataclass(frozen=True, slots=True)
class Write:
    """Bytes at a place; without any it is a flush: all that came before is on the disk."""

    offset: int = 0
    data: bytes = b""

    @property
    def is_flush(self) -> bool:
        return not self.data


@dataclass(slots=True)
class Recording:
    """A runner that records what commands change in an image; a sync of it is a flush."""

    image: Path
    log: list[Write] = field(default_factory=list)
    before: bytes = b""

    def __post_init__(self) -> None:
        self.before = self.image.read_bytes()

    def run(
        self,
        argv: Sequence[str],
        *,
        stdin: Input = None,
        timeout: float | None = None,
        watch: Callable[[int], None] | None = None,
    ) -> str:
        if argv[0] == "sync":
            self.log.append(Write())
            return ""
        output = ""
        if argv[0] == "blkdiscard":  # of a file it makes nothing
            with self.image.open("r+b") as image:
                image.write(bytes(32 << 20))
        elif argv[0] != "blockdev":
            runner = ProcessRunner(lambda _: None)
            output = runner.run(argv, stdin=stdin, timeout=timeout, watch=watch)
        self.note()
        return output

    def note(self) -> None:
        """Record what has changed since the last command."""
        after = self.image.read_bytes()
        self.log += changes(self.before, after)
        self.before = after


def changes(before: bytes, after: bytes) -> Iterator[Write]:
    """The sectors that differ."""
    block = 256 * SECTOR
    for start in range(0, len(after), block):
        if before[start : start + block] == after[start : start + block]:
            continue
        for place in range(start, min(start + block, len(after)), SECTOR):
            sector = after[place : place + SECTOR]
            if before[place : place + SECTOR] != sector:
                yield Write(place, sector)


def logged_writes(log: Path, start: int = 0, size: int = 1 << 62) -> Iterator[Write]:
    """The log of ``blklogwrites``, of a part of the disk (in bytes) and as seen from its start."""
    with log.open("rb") as file:
        _, _, entries, sector = struct.unpack("<QQQI", file.read(28))
        file.seek(sector)
        for _ in range(entries):
            place, count, flags, _ = struct.unpack("<QQQQ", file.read(sector)[:32])
            offset, length = place * sector, count * sector
            if flags & _FLUSH:
                yield Write()
            inside = offset < start + size and offset + length > start
            if flags & _DISCARD or not inside:
                file.seek(0 if flags & _DISCARD else length, os.SEEK_CUR)
            elif length:
                data = file.read(length)
                low, high = max(offset, start), min(offset + length, start + size)
                yield Write(low - start, data[low - offset : high - offset])
            if flags & _FUA:
                yield Write()


def cut_states(
    base: bytes, log: Sequence[Write], count: int, seed: int
) -> Iterator[tuple[str, bytes]]:
    """``count`` states that a power cut could leave, each with a name that says where it was.

    They are spread over the times between two flushes, however much was written in each.
    """
    spans = _spans(log)
    chance = random.Random(seed)
    whole = [each for span in spans for each in span]
    for number in range(count):
        index = chance.randrange(len(spans))
        flushed = sum(map(len, spans[:index]))
        state = bytearray(base)
        for write in whole[:flushed]:
            _apply(state, write)
        cut = chance.randint(0, len(spans[index]))
        style = chance.choice(("all", "some", "torn"))
        for write in spans[index][:cut]:
            if style == "all" or chance.random() < 0.5:
                _apply(state, write if style != "torn" else _torn(write, chance))
        yield (
            f"cut {number}: {cut} of {len(spans[index])} writes after flush {index}, {style}",
            bytes(state),
        )


def _spans(log: Sequence[Write]) -> list[list[Write]]:
    spans: list[list[Write]] = [[]]
    for write in log:
        if not write.is_flush:
            spans[-1].append(write)
        elif spans[-1]:
            spans.append([])
    return [span for span in spans if span]


def _torn(write: Write, chance: random.Random) -> Write:
    """Some of its sectors, from the beginning."""
    sectors = chance.randint(1, max(1, len(write.data) // SECTOR))
    return Write(write.offset, write.data[: sectors * SECTOR])


def _apply(state: bytearray, write: Write) -> None:
    state[write.offset : write.offset + len(write.data)] = write.data
