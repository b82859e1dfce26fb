"""The dataclasses of the configuration say what the schema says: keys, enums, defaults, secrets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import MISSING
from enum import StrEnum
from typing import Any

import pytest

from installer.config.kickstart import InstallConfig
from installer.config.password import Password
from installer.config.words import Field, Mark, fields_of, secrets_said, written
from installer.secret import Secret
from ks_schema.language import part_at, schema
from ks_schema.syntax import child

WHOLE = schema()
SECRETS = {Secret, Password}
# Numbers of which there are few have no enum.
NUMBERS = ({1}, {0, 1, 5, 6, 10})

Object = tuple[str, Any, dict[str, Any]]


def resolved(part: Mapping[str, Any]) -> dict[str, Any]:
    while "$ref" in part:
        beside = {key: value for key, value in part.items() if key != "$ref"}
        part = {**WHOLE["$defs"][part["$ref"].rpartition("/")[2]], **beside}
    return dict(part)


def items_of(part: Mapping[str, Any]) -> dict[str, Any]:
    return resolved(part["items"] if "items" in part else part["additionalProperties"])


def keyed(kind: Any, *, named: bool = False) -> Iterator[Field]:
    """The fields that are keys of the object: without those that are drawn, with inlined ones."""
    fields = fields_of(kind)
    for field in fields[1:] if named else fields:
        if Mark.INLINE in field.shape.marks:
            yield from keyed(field.shape.kind)
        elif Mark.DRAWN not in field.shape.marks:
            yield field


def objects(kind: Any, part: dict[str, Any], pointer: str = "") -> Iterator[Object]:
    """Each object of the language: its place, its dataclass, and what the schema says of it."""
    yield pointer, kind, part
    for field in keyed(kind):
        if field.shape.spread or field.key not in part["properties"]:
            continue
        inner, place = resolved(part["properties"][field.key]), child(pointer, field.key)
        shape = field.shape
        if shape.item:
            inner, place, shape = items_of(inner), child(place, "*"), shape.item
        if shape.is_object and shape.kind not in {*SECRETS, kind}:
            yield from objects(shape.kind, inner, place)


OBJECTS = {pointer: (kind, part) for pointer, kind, part in objects(InstallConfig, WHOLE)}
NAMED = {
    child(child(pointer, field.key), "*")
    for pointer, (kind, _) in OBJECTS.items()
    for field in keyed(kind)
    if Mark.NAMED in field.shape.marks
}
FIELDS = {
    child(pointer, field.key): (field, resolved(part["properties"][field.key]), part)
    for pointer, (kind, part) in OBJECTS.items()
    for field in keyed(kind, named=pointer in NAMED)
    if field.shape.spread is None
}


def test_every_object_of_the_schema_has_a_dataclass() -> None:
    known = [part.get("title") for _, part in OBJECTS.values()]
    missing = [
        name
        for name, part in WHOLE["$defs"].items()
        if part.get("type") == "object" and part["title"] not in known and "x-secret" not in part
    ]
    assert missing == []


@pytest.mark.parametrize("pointer", OBJECTS)
def test_an_object_has_the_keys_of_its_dataclass(pointer: str) -> None:
    kind, part = OBJECTS[pointer]
    keys: list[str] = []
    for field in keyed(kind, named=pointer in NAMED):
        keys += field.shape.spread.keys if field.shape.spread else [field.key]
    assert sorted(keys) == sorted(part["properties"])


@pytest.mark.parametrize("pointer", FIELDS)
def test_a_key_has_the_default_of_its_field(pointer: str) -> None:
    field, part, holder = FIELDS[pointer]
    if field.key in holder.get("required", ()):
        assert field.default is MISSING or Mark.ALWAYS in field.shape.marks
    elif field.default is MISSING:
        assert pointer == "/disks", "photon.disk gives one as well"
    elif "default" in part:
        assert in_the_language(field) == part["default"]
    else:
        # What the planner decides is not known here; of an object each key is looked at by itself.
        assert not field.default or field.shape.is_object


@pytest.mark.parametrize("pointer", FIELDS)
def test_a_key_has_the_words_and_the_secrets_of_its_field(pointer: str) -> None:
    field, part, _ = FIELDS[pointer]
    shape = field.shape.item or field.shape
    part = items_of(part) if field.shape.item else part
    words = set(part["enum"]) if "enum" in part else None
    if shape.kind in SECRETS:
        assert part["x-secret"]
        assert {"plain", "file"} <= set(part["properties"])
    elif isinstance(shape.kind, type) and issubclass(shape.kind, StrEnum):
        assert words is not None
        assert words - {"auto"} == {str(each) for each in shape.kind}
    else:
        assert words is None or words in NUMBERS
        assert "plain" not in part.get("properties", ())


def in_the_language(field: Field) -> Any:
    """The default of a field as a kickstart would say it."""
    match field.default:
        case None:
            return "auto"
        case Password():
            return {"locked": True}
        case tuple() if field.shape.marks & {Mark.NAMED, Mark.PAIRS}:
            return dict(field.default)
        case tuple():
            return list(field.default)
        case default:
            return field.shape.codec.write(default) if field.shape.codec else default


def test_secrets_are_found_where_the_schema_has_them() -> None:
    """Whatever else is at fault in the document."""
    data = {
        "root": {"password": {"plain": "a"}, "ssh_keys": 1},
        "users": [{"password": {"file": "/b"}}, 1],
        "storage": {
            "encryption": {"passphrase": {"ask": True}},
            "encrypted": {"x~/y": {"encryption": {"passphrase": {"plain": "c"}}}, "z": []},
        },
        "boot": {
            "menu_password": {"plain": "d"},
            "owner_keys": {"db": {"pin": {"plain": "e"}}, "passphrase": 5},
            "machine_owner_key": {"password": {"plain": "f"}},
        },
    }
    found = dict(secrets_said(InstallConfig, data))
    assert set(found) == {
        "/root/password", "/users/0/password", "/storage/encryption/passphrase",
        "/storage/encrypted/x~0~1y/encryption/passphrase", "/boot/menu_password",
        "/boot/owner_keys/db/pin", "/boot/owner_keys/passphrase",
        "/boot/machine_owner_key/password",
    }  # fmt: skip
    assert all("plain" in part_at(pointer)["properties"] for pointer in found)


def test_the_defaults_are_not_written() -> None:
    assert written(InstallConfig(disks=())) == {
        "version": 1,
        "disks": {},
        "packages": {"set": "minimal"},
    }
