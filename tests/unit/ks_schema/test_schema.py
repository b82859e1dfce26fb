"""The schema itself: closed everywhere, everything described, with examples that are valid."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from installer.sizes import parse_duration, parse_size
from ks_schema import schema

ROOT = schema()


def objects(value: Any, pointer: str = "") -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every subschema that describes an object."""
    if isinstance(value, dict):
        if "object" in value.get("type", ()):
            yield pointer, value
        for key, each in value.items():
            if key not in {"examples", "default", "enum"}:
                yield from objects(each, f"{pointer}/{key}")


def keys() -> Iterator[tuple[str, dict[str, Any]]]:
    """Every key of the language, with its schema."""
    for pointer, value in objects(ROOT):
        for key, each in value.get("properties", {}).items():
            yield f"{pointer}/{key}", each


def with_definitions(value: Mapping[str, Any]) -> dict[str, Any]:
    return {**value, "$defs": ROOT["$defs"]}


def test_it_is_a_schema() -> None:
    Draft202012Validator.check_schema(ROOT)


def test_each_caller_gets_its_own() -> None:
    assert schema() == schema()
    assert schema() is not schema()


@pytest.mark.parametrize(("pointer", "value"), list(objects(ROOT)), ids=str)
def test_every_object_is_closed(pointer: str, value: Mapping[str, Any]) -> None:
    free = value.get("additionalProperties")
    if "propertyNames" in value:
        assert "pattern" in value["propertyNames"]
        assert "x-key" in value
        assert isinstance(free, dict)
    else:
        assert free is False, pointer


def test_every_list_and_every_object_of_free_keys_has_an_end() -> None:
    def walk(value: Any, pointer: str) -> Iterator[str]:
        if isinstance(value, dict):
            if "array" in value.get("type", ()) and "maxItems" not in value:
                yield pointer
            if "propertyNames" in value and "maxProperties" not in value:
                yield pointer
            for key, each in value.items():
                yield from walk(each, f"{pointer}/{key}")

    assert list(walk(ROOT, "")) == []


@pytest.mark.parametrize(("pointer", "value"), list(keys()), ids=str)
def test_every_key_has_a_description_and_valid_examples(
    pointer: str, value: dict[str, Any]
) -> None:
    assert value["description"].endswith("."), pointer
    assert value["examples"], pointer
    validator = Draft202012Validator(with_definitions(value))
    for example in value["examples"]:
        validator.validate(example)
    if "default" in value:
        validator.validate(value["default"])


def test_patterns_are_anchored_and_explained() -> None:
    def walk(value: Any) -> Iterator[dict[str, Any]]:
        if isinstance(value, dict):
            if isinstance(value.get("pattern"), str):
                yield value
            for each in value.values():
                yield from walk(each)

    found = list(walk(ROOT))
    assert len(found) > 20
    for value in found:
        assert value["pattern"].startswith("^")
        assert value["pattern"].endswith("$")
        assert value["x-looks-like"]


@pytest.mark.parametrize("text", ["20 GiB", "1.5MB", "512 B", "1 TB"])
def test_sizes_of_the_schema_are_sizes_of_the_engine(text: str) -> None:
    Draft202012Validator(ROOT["$defs"]["size"]).validate(text)
    assert parse_size(text) > 0


@pytest.mark.parametrize("text", ["60 s", "1.5min", "200 ms", "1 h"])
def test_durations_of_the_schema_are_durations_of_the_engine(text: str) -> None:
    Draft202012Validator(ROOT["$defs"]["duration"]).validate(text)
    assert parse_duration(text) > 0
