"""Inputs near good ones: bytes and plain data with a few places changed."""

from __future__ import annotations

import copy
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


def changed_bytes(random: Random, samples: Sequence[bytes]) -> bytes:
    """One of the samples with a few changes; now and then only noise."""
    if random.random() < 0.02:
        return random.randbytes(random.randrange(200))
    data = bytearray(random.choice(samples))
    for _ in range(random.choice((1, 1, 2, 4, 16))):
        _CHANGES[random.randrange(len(_CHANGES))](random, data, samples)
    return bytes(data)


def _flip(random: Random, data: bytearray, _: Sequence[bytes]) -> None:
    if data:
        data[random.randrange(len(data))] ^= 1 << random.randrange(8)


def _overwrite(random: Random, data: bytearray, _: Sequence[bytes]) -> None:
    at, word = random.randrange(len(data) + 1), random.choice(WORDS)
    data[at : at + len(word)] = word


def _insert(random: Random, data: bytearray, _: Sequence[bytes]) -> None:
    at = random.randrange(len(data) + 1)
    data[at:at] = random.choice(WORDS) * random.choice((1, 1, 1, 50))


def _delete(random: Random, data: bytearray, _: Sequence[bytes]) -> None:
    at = random.randrange(len(data) + 1)
    del data[at : at + random.choice((1, 2, 4, 16, 256))]


def _cut(random: Random, data: bytearray, _: Sequence[bytes]) -> None:
    del data[random.randrange(len(data) + 1) :]


def _repeat(random: Random, data: bytearray, _: Sequence[bytes]) -> None:
    at = random.randrange(len(data) + 1)
    data[at:at] = data[at : at + random.choice((1, 8, 64))] * random.choice((1, 2, 40))


def _splice(random: Random, data: bytearray, samples: Sequence[bytes]) -> None:
    other = random.choice(samples)
    at, there = random.randrange(len(data) + 1), random.randrange(len(other) + 1)
    data[at:] = other[there:]


_CHANGES: tuple[Callable[[Random, bytearray, Sequence[bytes]], None], ...] = (
    _flip, _overwrite, _insert, _delete, _cut, _repeat, _splice,
)  # fmt: skip


def changed_data(random: Random, samples: Sequence[Any]) -> Any:
    """One of the samples of plain data with a few values changed, gone, or in other places."""
    data = copy.deepcopy(random.choice(samples))
    for _ in range(random.choice((1, 1, 2, 3, 6))):
        places = list(_places(data))
        if not places:
            return random.choice(JUNK)
        holder, key = random.choice(places)
        match random.randrange(6):
            case 0:
                del holder[key]
            case 1:
                other_holder, other_key = random.choice(places)
                holder[key] = copy.deepcopy(other_holder.get(other_key) if isinstance(
                    other_holder, dict) else None)  # fmt: skip
            case 2 if isinstance(holder, list):
                holder.append(copy.deepcopy(holder[key]))
            case 2:
                holder[random.choice(("name", "size", "disk", "path", "x\x1b", ""))] = holder[key]
            case _:
                holder[key] = copy.deepcopy(random.choice(JUNK))
    return data


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
