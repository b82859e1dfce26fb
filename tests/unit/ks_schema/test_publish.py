"""The schema for editors and other validators: current, strict, and of the same opinion."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest

from ks_schema import Document, SyntaxProblem, check, load
from ks_schema.publish import FILE, published, published_text, title_of
from tests.engine import TESTS

PROJECT = TESTS.parent
# Validates each document of standard input with Ajv in its strict mode.
AJV = """
const Ajv = require(process.argv[1]);
const {schema, documents} = JSON.parse(require("fs").readFileSync(0));
const validate = new Ajv({strict: true}).compile(schema);
console.log(JSON.stringify(documents.map((each) => validate(each))));
"""


def ajv(schema: dict[str, Any], documents: list[Any]) -> list[bool]:
    done = subprocess.run(
        [PROJECT / ".venv/bin/node", "-e", AJV, PROJECT / "build/node/node_modules/ajv/dist/2020"],
        input=json.dumps({"schema": schema, "documents": documents}),
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    verdicts: list[bool] = json.loads(done.stdout)
    return verdicts


def kickstarts() -> list[dict[str, Any]]:
    """Every kickstart of the project."""
    paths = [*TESTS.glob("plans/*/kickstart.json"), *TESTS.glob("cases/**/*.json")]
    paths += PROJECT.glob("ks_schema/examples/*.json")
    documents = []
    for path in sorted(paths):
        with suppress(SyntaxProblem):  # one of them is there to be refused
            documents.append(dict(load(path.read_bytes(), name=path.name).data))
    return [each for each in documents if "version" in each]


def harmed(whole: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The document with one value of another type, for each of its values; and with a key more."""
    yield {**whole, "no_such_key": 1}
    for path in paths(whole):
        wrongs: tuple[Any, ...] = (None, "", -1, [], {}, "\n")
        for wrong in wrongs:
            copy = json.loads(json.dumps(whole))
            inner = copy
            for key in path[:-1]:
                inner = inner[key]
            inner[path[-1]] = wrong
            yield copy


def paths(value: Any, so_far: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    pairs = value.items() if isinstance(value, dict) else enumerate(value)
    for key, each in pairs:
        yield (*so_far, key)
        if isinstance(each, dict | list):
            yield from paths(each, (*so_far, key))


def test_the_file_is_current() -> None:
    assert (PROJECT / "ks_schema" / FILE).read_text("utf-8") == published_text(), (
        "run: python -m ks_schema"
    )


def test_ajv_is_of_the_same_opinion_in_its_strict_mode() -> None:
    sound = kickstarts()
    assert len(sound) > 90
    full = json.loads((PROJECT / "ks_schema/examples/full.json").read_text("utf-8"))
    documents = [*sound, *harmed(full)]
    ours = [not check(Document(data=each)) for each in documents]
    assert ours.count(False) > 500
    assert ajv(published(), documents) == ours


def test_every_key_has_a_title_and_no_annotation_of_our_own_is_left() -> None:
    def walk(value: Any) -> Iterator[Any]:
        yield value
        for each in value.values() if isinstance(value, dict) else ():
            yield from walk(each)

    keys = [
        each
        for part in walk(published())
        if isinstance(part, dict) and isinstance(part.get("properties"), dict)
        for each in part["properties"].values()
        if each is not True
    ]
    assert len(keys) > 150
    assert all(each["title"] for each in keys)
    assert '"x-' not in published_text()


@pytest.mark.parametrize(
    ("key", "title"),
    [("ssh_keys", "SSH keys"), ("$schema", "Schema"), ("own_keys", "Own keys"), ("ab", "A/B"),
     ("dhcp4", "DHCPv4"), ("min_size", "Min size")],
)  # fmt: skip
def test_titles(key: str, title: str) -> None:
    assert title_of(key) == title
