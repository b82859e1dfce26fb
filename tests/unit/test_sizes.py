"""Sizes and durations, from text and to text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from installer.sizes import GIB, KIB, MIB, format_size, parse_duration, parse_size


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("20 GiB", 20 * GIB),
        ("20GiB", 20 * GIB),
        ("1.5 MiB", MIB + MIB // 2),
        ("2 TB", 2 * 10**12),
        ("7 kB", 7000),
        ("0 B", 0),
        (4096, 4096),
    ],
)
def test_a_size_is_bytes(text: int | str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize(
    "text", ["", "20", "GiB", "-1 GiB", "1e3 MiB", "1,5 GiB", "1 gib", "1 GiBs", "1 GiB\n", "٣ MiB"]
)
def test_what_is_no_size(text: str) -> None:
    with pytest.raises(ValueError, match="is not a size"):
        parse_size(text)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("60 s", 60.0), ("1.5 min", 90.0), ("250 ms", 0.25), ("2h", 7200.0), (3, 3.0)],
)
def test_a_duration_is_seconds(text: float | str, seconds: float) -> None:
    assert parse_duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["", "60", "1 m", "one s", "5 s ", "5 s\n"])
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(ValueError, match="is not a duration"):
        parse_duration(text)


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0 B"), (1023, "1023 B"), (KIB, "1 KiB"), (20 * GIB, "20 GiB"), (3 * MIB // 2, "1.5 MiB")],
)
def test_a_size_for_people(size: int, text: str) -> None:
    assert format_size(size) == text


@given(st.integers(0, 1 << 60))
def test_what_is_shown_can_be_read_and_is_near(size: int) -> None:
    assert abs(parse_size(format_size(size)) - size) <= size * 0.06 + 1
