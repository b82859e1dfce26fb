"""Whatever stands in a document: a configuration or problems, and soon."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Iterable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from installer.config import from_document, hash_passwords, to_document
from installer.errors import KickstartInvalid
from ks_schema import Document
from ks_schema.reference import example

# A busy machine makes no test fail.
CALM = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

BASE = {"version": 1, "disks": {"default": {"device": "/dev/sda"}}}


@pytest.mark.parametrize(
    "data",
    [
        {"users": [1] * 50_000},
        {"users": [{"name": "a"}] * 5_000},
        {"root": {"ssh_keys": ["a"] * 50_000}},
        {"hostname": "a." * 200_000 + "!"},
        {"hostname": "a-" * 200_000},
        {"disks": {"default": {"device": "/dev" + "/a" * 100_000 + "!"}}},
        {"network": {"ethernets": {str(number): {} for number in range(5_000)}}},
        {"users": [{"name": "a", "groups": [{"x": number} for number in range(90_000)]}]},
        {"root": {"ssh_keys": [[number] for number in range(90_000)]}},
        {"storage": {"wipe": [{"x": number} for number in range(90_000)]}},
        {"boot": {"machine_owner_key": {str(number): 1 for number in range(60_000)}}},
        {f"hostnam{number}": 1 for number in range(60_000)},
        {"users": [{"name": f"u{n}", "ssh_keys": [0] * 256} for n in range(256)]},
        {"users": [{f"x{key}": 0 for key in range(50)}] * 256},
    ],
    ids=range(14),
)
def test_a_monstrous_document_is_refused_in_seconds(data: dict[str, Any]) -> None:
    begin = time.monotonic()
    with pytest.raises(KickstartInvalid):
        from_document(Document(data={**BASE, **data}))
    assert time.monotonic() - begin < 20


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of every value in a document."""
    yield path
    pairs: Iterable[tuple[Any, Any]] = ()
    match value:
        case dict():
            pairs = value.items()
        case list():
            pairs = enumerate(value)
    for key, each in pairs:
        yield from places(each, (*path, key))


def replaced(value: Any, path: tuple[Any, ...], other: Any) -> Any:
    """The document with another value at the path."""
    if not path:
        return other
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = replaced(value[path[0]], path[1:], other)
    return copy


WHOLE = [json.loads(example(name)) for name in ("full.json", "custom.json")]
JUNK: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from(
        [
            "default",
            "root-a",
            "vg0/root",
            "rest",
            "50%",
            "192.0.2.5/24",
            "::1",
            "#!",
            "ssh-rsa AAAA",
            "$6$",
            "1e9 TiB",
        ]
    ),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.text(max_size=3) | st.sampled_from(["file", "name", "to"]), inner)
    ),
    max_leaves=4,
)
CHANGED = st.sampled_from(WHOLE).flatmap(
    lambda whole: st.tuples(
        st.just(whole),
        st.lists(
            st.tuples(st.sampled_from([path for path in places(whole) if path]), JUNK),
            min_size=1,
            max_size=3,
        ),
    )
)


@settings(CALM, max_examples=400)
@given(CHANGED)
def test_any_document_is_a_configuration_or_problems(case: tuple[Any, list[Any]]) -> None:
    data, changes = case
    for path, junk in changes:
        # A change may have taken away what the next one is about.
        with contextlib.suppress(KeyError, IndexError, TypeError, ValueError):
            data = replaced(data, path, junk)
    with contextlib.suppress(KickstartInvalid):
        config = from_document(Document(data=data), read_secret=lambda _path: "x", ask=str)
        assert to_document(hash_passwords(config, salt="abc"))
