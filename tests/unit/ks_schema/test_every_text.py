"""No text of a kickstart gets a line break or a control character into anything.

Every text of the schema is looked at, so that a new key is, too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from ks_schema.language import schema

# What ends a line, a word of C, or the obedience of a terminal.
BREAKS = ("\n", "\r", "\x00")
CONTROLS = ("\x07", "\x1b", "\x7f", "\x0b", "\x1c")
# Some texts are for people who write as they like: names, passwords, comments.
ALSO = ("\x85", "\x9b", "\u2028", "\u2029", "\u202e")
# Scripts are programs and may have any character; certificates are read, never written as they are.
LINES_OF_SCRIPTS = "/$defs/script/properties/run/items"
CERTIFICATE = "/$defs/certificate/properties/pem"
FOR_PEOPLE = {
    "/$defs/secret/properties/plain",
    "/$defs/secret/properties/file",
    "/$defs/menu_password/properties/file",
    "/$defs/typed_secret/properties/file",
    "/$defs/passphrase/properties/plain",
    "/$defs/passphrase/properties/file",
    "/$defs/signing_key/properties/key",
    "/$defs/certificate",
    "/$defs/ssh_keys/items",
}
SAMPLES = (
    "a",
    "a/b",
    "/a",
    "/dev/a",
    "0" * 9,
    "12 GiB",
    "5 s",
    "ttyS0",
    "docker.service",
    "C.UTF-8",
)


def texts(node: Any, pointer: str = "") -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every part of the schema that is about a text, and not one of a few words."""
    if isinstance(node, list):
        for index, each in enumerate(node):
            yield from texts(each, f"{pointer}/{index}")
    if not isinstance(node, Mapping):
        return
    kind = node.get("type")  # of a property that is called so it is an object
    if ("string" in kind if isinstance(kind, str | list) else "pattern" in node) and (
        "enum" not in node
    ):
        yield pointer, node
    for key, each in node.items():
        if key not in {"examples", "default", "enum"}:
            yield from texts(each, f"{pointer}/{key}")


TEXTS = dict(texts(schema()))


def samples(node: Mapping[str, Any]) -> list[str]:
    found = [each for each in (*node.get("examples", ()), *SAMPLES) if isinstance(each, str)]
    return [each for each in found if takes(node, each)]


def takes(node: Mapping[str, Any], text: str) -> bool:
    pattern = node["pattern"].removeprefix("^").removesuffix("$")
    return re.fullmatch(pattern, text) is not None


def with_inside(text: str, character: str) -> Iterator[str]:
    for place in (0, 1, len(text) // 2, len(text)):
        yield text[:place] + character + text[place:]


def test_there_are_as_many_as_ever() -> None:
    assert len(TEXTS) > 70


@pytest.mark.parametrize("pointer", sorted(set(TEXTS) - {CERTIFICATE}))
def test_a_text_has_a_pattern_that_keeps_lines_and_terminals_whole(pointer: str) -> None:
    node = TEXTS[pointer]
    assert "pattern" in node, "a text without a pattern could be anything"
    assert node.get("x-looks-like"), "whoever gets it wrong must hear what is right"
    characters = [*BREAKS]
    if pointer != LINES_OF_SCRIPTS:
        characters += CONTROLS if pointer in FOR_PEOPLE else (*CONTROLS, *ALSO)
    found = samples(node)
    assert found, "give it an example"
    for text in found:
        for character in characters:
            assert not any(takes(node, each) for each in with_inside(text, character)), character


def test_the_exceptions_are_there() -> None:
    assert {LINES_OF_SCRIPTS, CERTIFICATE, *FOR_PEOPLE} <= set(TEXTS)
