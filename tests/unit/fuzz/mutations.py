"""Inputs near good ones: bytes and plain data with a few places changed."""

from __future__ import annotations

import copy
import struct
from collections.abc import Callable, Iterator, Sequence
from random import Random
from typing import Any

WORDS = (
    b"\0", b"\xff", b"\x7f", b"\x80", b"\n", b"\r\n\r\n", b"\x1b[2J", b"\xe2\x80\xae", b"\xc3\x28",
    b"\xff\xff\xff\xff", b"\x00\x00\x00\x80", b"\xff\xff\xff\x7f", b"\0" * 16, b"\xff" * 16, b"%s",
    b"../" * 4, b"-1", b"9" * 30, b"1e999", b'"', b"'", b"\\", b"\\U00110000", b"{", b"[" * 40,
    b"$(", b"${", b"\xed\xa0\x80", b"\xef\xbb\xbf", b"\x1f\x8b", b" ", b"\t", b":", b"&a", b"*a",
    b"!!x",
)  # fmt: skip
JUNK: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 2**31, 2**63 - 1, 10**18, 0.5, -0.0, 1e300, "", " ", "0", "-", "/",
    "..", "/..", "a" * 300, "a\nb", "\x1b[2J", "\u202e", "\x85", "ß", "/dev/sda", "/dev/../x",
    "rest", "100%", "101%", "1 TiB", "0 B", "default", "disk", "crypto_LUKS", "LVM2_member", "part",
    "raid1", "8:0", [], [None], [[]], ["", ""], ["a", "a"], {}, {"": None}, {"a": []},
    {"path": "/dev/sda"}, "999999999999 TiB", "fe80::1%eth0", "0.0.0.0/0", "::/0", "UTF-8",
    "*", "[", "\\",
)  # fmt: skip
# Other values of the same type, which more often pass the first look at them.
TEXTS = (
    "", "x", "\x1b[2J\n", "/dev/sda", "part", "crypt", "lvm", "btrfs", "linux_raid_member",
    "isw_raid_member", "LVM2_member", "zfs_member", "gpt", "dos", "PHOTONKS", "ext4", "vfat", "0x5",
    "0x42", "c12a7328-f81f-11d2-ba4b-00a0c93ec93b",
)  # fmt: skip
NUMBERS = (0, 1, 7, 511, 512, 4096, 1 << 40, 1 << 70)
_WORDS_OF_32_BITS = (0, 1, 0x7F, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
# Where the headers of most formats are.
_BEGINNING = 1024


def changed_bytes(random: Random, samples: Sequence[bytes]) -> bytes:
    """One of the samples with a few changes; now and then only noise."""
    if random.random() < 0.02:
        return random.randbytes(random.randrange(200))
    data = bytearray(random.choice(samples))
    for _ in range(random.choice((1, 1, 2, 4, 16))):
        _CHANGES[random.randrange(len(_CHANGES))](random, data, samples)
    return bytes(data)


def _place(random: Random, data: bytearray, room: int = 0) -> int:
    """Where to change something, as often near the beginning as anywhere."""
    last = max(0, len(data) - room)
    return random.randrange((min(last, _BEGINNING) if random.random() < 0.5 else last) + 1)


def _flip(random: Random, data: bytearray, _: Sequence[bytes]) -> None:
    if data:
        data[_place(random, data, 1)] ^= 1 << random.randrange(8)


def _overwrite(random: Random, data: bytearray, _: Sequence[bytes]) -> None:
    at, word = _place(random, data), random.choice(WORDS)
    data[at : at + len(word)] = word


def _zero(random: Random, data: bytearray, _: Sequence[bytes]) -> None:
    at = _place(random, data)
    length = len(data[at : at + random.choice((1, 8, 512))])
    data[at : at + length] = bytes(length)


def _scramble(random: Random, data: bytearray, _: Sequence[bytes]) -> None:
    at = _place(random, data)
    length = len(data[at : at + random.choice((1, 8, 512))])
    data[at : at + length] = random.randbytes(length)


def _number(random: Random, data: bytearray, _: Sequence[bytes]) -> None:
    """A number in it is the largest, the smallest, or negative."""
    if len(data) >= 4:
        struct.pack_into("<I", data, _place(random, data, 4), random.choice(_WORDS_OF_32_BITS))


def _insert(random: Random, data: bytearray, _: Sequence[bytes]) -> None:
    at = _place(random, data)
    data[at:at] = random.choice(WORDS) * random.choice((1, 1, 1, 50))


def _delete(random: Random, data: bytearray, _: Sequence[bytes]) -> None:
    at = _place(random, data)
    del data[at : at + random.choice((1, 2, 4, 16, 256))]


def _cut(random: Random, data: bytearray, _: Sequence[bytes]) -> None:
    del data[_place(random, data) :]


def _repeat(random: Random, data: bytearray, _: Sequence[bytes]) -> None:
    at = _place(random, data)
    data[at:at] = data[at : at + random.choice((1, 8, 64))] * random.choice((1, 2, 40))


def _splice(random: Random, data: bytearray, samples: Sequence[bytes]) -> None:
    other = random.choice(samples)
    at, there = _place(random, data), random.randrange(len(other) + 1)
    data[at:] = other[there:]


_CHANGES: tuple[Callable[[Random, bytearray, Sequence[bytes]], None], ...] = (
    _flip, _overwrite, _zero, _scramble, _number, _insert, _delete, _cut, _repeat, _splice,
)  # fmt: skip


def changed_data(random: Random, samples: Sequence[Any], others: Sequence[Any] = ()) -> Any:
    """One of the samples of plain data with a few values changed, gone, or in other places.

    Values that come from another sample are from ``others``, if there are such.
    """
    data = copy.deepcopy(random.choice(samples))
    for _ in range(random.choice((1, 1, 1, 2, 3, 6))):
        places = list(_places(data))
        if not places:
            return random.choice(JUNK)
        _change(random, data, random.choice(places), random.choice(others or samples))
    return data


def _change(random: Random, data: Any, place: tuple[Any, Any], other: Any) -> None:
    holder, key = place
    match random.randrange(9):
        case 0:
            del holder[key]
        case 1 if isinstance(holder, list):
            holder.append(copy.deepcopy(holder[key]))
        case 1:
            holder[random.choice(("name", "size", "disk", "path", "x\x1b", ""))] = holder[key]
        case 2:
            holder[key] = copy.deepcopy(random.choice(list(_places(data)))[0])
        case 3:
            holder[key] = copy.deepcopy(random.choice(JUNK))
        case 4 | 5:
            holder[key] = _like(random, holder[key])
        case 6 if isinstance(data, dict) and isinstance(other, dict) and other:
            more = random.choice(list(other))
            data[more] = copy.deepcopy(other[more])
        case _:
            same = [of[at] for of, at in _places(other) if at == key]
            holder[key] = copy.deepcopy(random.choice(same or JUNK))


def _like(random: Random, value: Any) -> Any:
    match value:
        case bool():
            return not value
        case int():
            return random.choice((*NUMBERS, value + 1, value * 2))
        case str():
            return random.choice(TEXTS)
    return copy.deepcopy(random.choice(JUNK))


def _places(data: Any) -> Iterator[tuple[Any, Any]]:
    """Every value, as what holds it and its key or index there."""
    pairs: list[tuple[Any, Any]] = []
    if isinstance(data, dict):
        pairs = list(data.items())
    elif isinstance(data, list):
        pairs = list(enumerate(data))
    for key, each in pairs:
        yield data, key
        yield from _places(each)
