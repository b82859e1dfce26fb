"""The loader: places of values, precise errors, and none of YAML's surprises."""

from __future__ import annotations

import bz2
import contextlib
import gzip
import json
import lzma
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ks_schema import Document, SyntaxProblem, load
from ks_schema.document import Position
from ks_schema.loader import MAX_BYTES
from ks_schema.syntax import MAX_DATA_VALUES, MAX_VALUES, Positions, json_data

# A busy machine makes no test fail.
CALM = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
NUMBER = "not YAML: a number here is too large for what it means"

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**62), 2**62)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(codec="ascii",
        min_codepoint=32, max_codepoint=126)), inner),
    max_leaves=20,
)  # fmt: skip


def fails(text: str | bytes, name: str = "ks.json") -> tuple[int, int, str]:
    with pytest.raises(SyntaxProblem) as caught:
        load(text, name=name)
    problem = caught.value.problem
    assert problem.file == name
    return problem.line, problem.column, problem.message


def at(document: Document, pointer: str) -> tuple[int, int] | None:
    return document.position(pointer)


def test_every_value_has_its_place() -> None:
    text = '{\n  "a": 1,\n\t"b": [true,\n    {"c/d": null, "e~": "x"}]\n}'
    document = load(text, name="ks.json")
    assert document.data == {"a": 1, "b": [True, {"c/d": None, "e~": "x"}]}
    assert at(document, "") == (1, 1)
    assert at(document, "/a") == (2, 3)
    assert at(document, "/b") == (3, 2)
    assert at(document, "/b/0") == (3, 8)
    assert at(document, "/b/1") == (4, 5)
    assert at(document, "/b/1/c~1d") == (4, 6)
    assert at(document, "/b/1/e~0") == (4, 19)
    assert at(document, "/b/1/e~0/deeper") == (4, 19)


def test_yaml_has_the_same_places() -> None:
    document = load("a: 1\nb:\n  - true\n  - c/d: null\n    e: [x]\n", name="ks.yaml")
    assert document.data == {"a": 1, "b": [True, {"c/d": None, "e": ["x"]}]}
    assert at(document, "/b") == (2, 1)
    assert at(document, "/b/1/c~1d") == (4, 5)
    assert at(document, "/b/1/e/0") == (5, 9)


@pytest.mark.parametrize(
    ("text", "line", "column", "message"),
    [
        ('{"a": 1,}', 1, 8, "a comma before }"),
        ('{"a": [1, 2,\n]}', 1, 12, "a comma before ]"),
        ('{"a": 1 "b": 2}', 1, 9, "a comma or } must stand here"),
        (
            '{"a": 1,\n "a": 2}',
            2,
            2,
            "this key is here for the second time; it stands in line 1 already",
        ),
        ('{"' + "a" * 257 + '": 1}', 1, 2, "a key has at most 256 characters"),
        ('{"a": NaN}', 1, 7, "a value must stand here"),
        ('{"a": -Infinity}', 1, 7, "a value must stand here"),
        ('{"a": True}', 1, 7, "a value must stand here"),
        ("{\"a\": 'x'}", 1, 7, "a value must stand here"),
        ('{"a": 1e999}', 1, 7, "this number is too large"),
        ('{"a": ' + "9" * 5000 + "}", 1, 7, "this number is too large"),
        ('{"a": 01}', 1, 8, "a comma or } must stand here"),
        ('{"a" 1}', 1, 6, "a colon must follow the key before this"),
        ('{"a": 1, "secret"}', 1, 18, "a colon must follow the key before this"),
        ("{a: 1}", 1, 2, "a key in double quotes must stand here"),
        ('{"a": "x\ny"}', 1, 9, "a line break or control character inside a text"),
        ('{"a": "x', 1, 7, "this text has no closing quote"),
        (r'{"a": "\d"}', 1, 8, "a backslash that begins no escape"),
        (r'{"a": "\u12"}', 1, 9, "a backslash that begins no escape"),
        (r'{"a": "\ud800"}', 1, 7, "half of a surrogate pair is not a character"),
        (r'{"a": "\u0000"}', 1, 7, "a text cannot hold the character NUL"),
        (r'{"a\u001b": 1}', 1, 2, "a key cannot hold control characters"),
        ('{"a": 1}}', 1, 9, "the document ends before this"),
        ('{"a": {\n"b": 1', 2, 7, "the text ends, but the { of line 1, column 7 is still open"),
        ("{", 1, 2, "the text ends, but the { of line 1, column 1 is still open"),
        ('{"a":', 1, 6, "the text ends where a value must stand"),
        ('{"a": 1 // x\n}', 1, 9, "JSON has no comments"),
        ('{"a":' * 40 + "1" + "}" * 40, 1, 166, "more than 32 levels of nesting"),
    ],
)
def test_json_errors_are_precise(text: str, line: int, column: int, message: str) -> None:
    assert fails(text) == (line, column, message)


@pytest.mark.parametrize(
    ("text", "line", "column", "message"),
    [
        ("a: 1\na: 2\n", 2, 1, "this key is here for the second time; it stands in line 1 already"),
        ("a" * 257 + ": 1", 1, 1, "a key has at most 256 characters"),
        ('version: 1\na: "\\U00110000"', 2, 5, NUMBER),
        ('version: 1\na: "\\UFFFFFFFF"', 2, 5, NUMBER),
        ('a:\n  - "x\n    \\UFFFFFFFF"', 3, 5, NUMBER),
        ("%YAML " + "1" * 5000 + "\n---\na: 1\n", 1, 7, NUMBER),
        ("%YAML 1." + "1" * 5000 + "\n---\na: 1\n", 1, 9, NUMBER),
        ("a: &x 1\nb: *x\n", 1, 4, "a kickstart has no anchors"),
        ("a: *x\n", 1, 4, "a kickstart has no aliases"),
        ("a: {<<: {b: 1}}\n", 1, 5, "a kickstart has no merge keys"),
        ("a: !!python/object:os.system x\n", 1, 4, "a kickstart has no tags"),
        ("a: !secret!word x\n", 1, 4, "a kickstart has no tags"),
        ("a: .nan\n", 1, 4, "only real numbers are allowed; a text stands in quotes"),
        ("a: 0x" + "f" * 40, 1, 4, "this number is too large"),
        ("? [a]\n: 1\n", 1, 3, "a key is a plain text"),
        ("a: 1\n---\nb: 2\n", 2, 1, "a second document begins here; a kickstart is one"),
        ("a: [1\n", 2, 1, "not YAML: expected ',' or ']', but got '<stream end>'"),
        ("a:\n\t- 1\n", 2, 1, "not YAML: found character '\\t' that cannot start any token"),
        ('a: "\x01"', 1, 5, "not YAML: a character that no text may hold"),
        ('a: "\\0"', 1, 4, "a text cannot hold the character NUL"),
        ("- " * 40 + "x", 1, 67, "more than 32 levels of nesting"),
    ],
)
def test_yaml_errors_are_precise(text: str, line: int, column: int, message: str) -> None:
    assert fails(text, "ks.yaml") == (line, column, message)


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("no", "no"), ("yes", "yes"), ("on", "on"), ("12:30", "12:30"),
        ("2024-01-01", "2024-01-01"),
        ("1_000", "1_000"), ("010", 10), ("0o10", 8), ("0x10", 16), ("-3", -3), ("+3", 3),
        ("1.5", 1.5), (".5", 0.5), ("1e3", 1000), ("true", True), ("False", False),
        ("~", None), ("", None), ("null", None), ("'null'", "null"),
        ('"1"', "1"), ("52:54:00:12:34:56", "52:54:00:12:34:56"), ("1.2.3", "1.2.3"), ("=", "="),
        ("! 12", "12"),
    ],
)  # fmt: skip
def test_yaml_scalars_are_those_of_the_core_schema(written: str, value: object) -> None:
    found = load(f"a: {written}\n", name="ks.yaml").data["a"]
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the document is empty"),
        ("# only a comment\n", "the document is empty"),
        ("[1]", "a kickstart is an object, keys with values, and this is not"),
        ("just words", "a kickstart is an object, keys with values, and this is not"),
        ("<!DOCTYPE html>", "this is a web page, not a kickstart"),
        ("\n <html>\n<style>body { color: red }</style>", "this is a web page, not a kickstart"),
        ("<p>Please log in: name and password</p>", "this is a web page, not a kickstart"),
        ('<?xml version="1.0"?>\n<Error>a: b</Error>', "this is XML, not a kickstart"),
        ("<<: {b: 1}", "a kickstart has no merge keys"),
    ],
)
def test_what_is_no_object_is_no_kickstart(text: str, message: str) -> None:
    assert fails(text, "ks")[2] == message


def test_bytes_are_utf_8_with_or_without_a_mark() -> None:
    assert load(b'\xef\xbb\xbf{"a": "\xc3\xa9"}', name="ks.json").data == {"a": "é"}
    assert load('\ufeff{"a": 1}', name="ks.json").data == {"a": 1}
    assert fails(b'{"a":\n "\xff"}') == (2, 3, "the byte 0xff is not UTF-8 text")


def test_gzip_is_unpacked_up_to_the_same_limit() -> None:
    packed = gzip.compress(b'{"a": 1}')
    assert load(packed, name="ks.json.gz").data == {"a": 1}
    assert load(gzip.compress(b"a: no"), name="ks").data == {"a": "no"}
    assert "larger than 1 MiB" in fails(gzip.compress(b" " * (MAX_BYTES + 1)))[2]
    assert "larger than 1 MiB" in fails(gzip.compress(b" " * (256 << 20), 1))[2]
    for damaged in (packed[:-9], packed[:2], b"\x1f\x8brubbish", packed[:10] + b"\xff" * 20):
        assert "gzip data is cut off or damaged" in fails(damaged)[2]


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"PK\x03\x04\x14", "a zip archive"),
        (lzma.compress(b"{}"), "compressed with xz"),
        (bz2.compress(b"{}"), "compressed with bzip2"),
        ('{"a": 1}'.encode("utf-16"), "UTF-16 text"),
    ],
)
def test_other_files_are_called_by_their_names(data: bytes, what: str) -> None:
    assert fails(data)[2] == f"this is {what}, not a kickstart"


@pytest.mark.parametrize("name", ["ks.json", "ks.yaml"])
def test_a_key_that_comes_twice_is_not_repeated(name: str) -> None:
    for text in ('{"hunter2": 1, "hunter2": 2}', '{"a": {"hunter2": 1, "b": 1, "hunter2": 2}}'):
        assert "hunter2" not in fails(text, name)[2]


@pytest.mark.parametrize("name", ["ks.json", "ks.yaml"])
def test_the_memory_for_places_is_limited(name: str) -> None:
    deep = '{"' + "a" * 250 + '": '
    text = deep * 30 + "[" + "1," * 100_000 + "1]" + "}" * 30
    assert "too many values in too long keys" in fails(text, name)[2]


def test_the_size_is_limited() -> None:
    assert "larger than 1 MiB" in fails(b" " * (MAX_BYTES + 1))[2]


@pytest.mark.parametrize("name", ["ks.json", "ks"])
def test_as_many_values_as_are_allowed(name: str) -> None:
    data = {str(number): [number] * 15 for number in range(2047)}
    document = load(json.dumps(data), name=name)
    assert len(document.positions) == 2047 * 16 + 1 < MAX_VALUES


# Texts of the largest size, of which reading all would take many seconds.
LARGEST = {
    "ks.json, a list": '{"a": [' + "0," * 500_000 + "0]}",
    "ks.json, nested lists": '{"a": [' + ("[" * 30 + "]" * 30 + ",") * 17_000 + "0]}",
    "ks.json, keys": "{" + ",".join(f'"{number}":0' for number in range(100_000)) + "}",
    "ks.yaml, a list": "a:\n" + "- 0\n" * 250_000,
    "ks.yaml, a list in brackets": "a: [" + "0," * 500_000 + "0]",
    "ks.yaml, nested lists": "a: [" + ("[" * 30 + "]" * 30 + ",") * 17_000 + "0]",
    "ks.yaml, keys": "".join(f"{number}: 0\n" for number in range(90_000)),
    "ks.yaml, lists of objects": "a:\n" + "- b:\n  c:\n" * 90_000,
    "ks.yaml, pairs in brackets": "a: [" + "b: ," * 250_000 + "0]",
}


@pytest.mark.parametrize("shape", LARGEST)
def test_no_more_is_read_than_values_are_allowed(
    shape: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The work is counted, in values and in the events of YAML, not measured in seconds."""
    text, counted = LARGEST[shape], Counter[str]()
    assert len(text) <= MAX_BYTES

    next_event: Callable[[Any], Any] = yaml.SafeLoader.get_event
    add = Positions.add

    def event(loader: Any) -> Any:
        counted["events"] += 1
        return next_event(loader)

    def added(positions: Positions, pointer: str, place: Position) -> str:
        counted["values"] += 1
        return add(positions, pointer, place)

    monkeypatch.setattr(yaml.SafeLoader, "get_event", event)
    monkeypatch.setattr(Positions, "add", added)
    line, column, message = fails(text, shape.partition(",")[0])
    assert message == f"there are more than {MAX_VALUES} values in this text"
    assert line > 1 or column > MAX_VALUES
    assert counted["values"] == MAX_VALUES + 1
    assert counted["events"] < 3 * MAX_VALUES


def test_the_index_of_a_payload_may_have_more_values() -> None:
    assert len(json_data("[" + "0," * MAX_VALUES + "0]")) == MAX_VALUES + 1
    with pytest.raises(ValueError, match=f"more than {MAX_DATA_VALUES} values"):
        json_data("[" + "0," * MAX_DATA_VALUES + "0]")


def test_the_name_decides_only_where_the_text_does_not() -> None:
    assert load("{a: no}", name="ks.yaml").data == {"a": "no"}
    assert load("{a: no}", name="http://host/ks.yaml?host=1").data == {"a": "no"}
    assert load('{\n\t"a":\n\t1}', name="ks.yaml").data == {"a": 1}
    assert load("a: no", name="user-data").data == {"a": "no"}
    assert load(r'{"a": "\ud83d\ude00"}', name="ks").data == {"a": "😀"}


@CALM
@given(st.dictionaries(st.text("abc/~ é", min_size=1), VALUES), st.sampled_from([None, 1, "\t"]))
def test_json_is_read_as_the_standard_library_does(data: dict[str, Any], indent: Any) -> None:
    text = json.dumps(data, indent=indent, ensure_ascii=False)
    document = load(text, name="ks.json")
    assert document.data == data == json.loads(text)
    _every_value_has_a_place(document, data, "")


def _every_value_has_a_place(document: Document, value: object, pointer: str) -> None:
    assert pointer in document.positions
    pairs = value.items() if isinstance(value, dict) else []
    pairs = list(enumerate(value)) if isinstance(value, list) else list(pairs)
    for key, each in pairs:
        escaped = str(key).replace("~", "~0").replace("/", "~1")
        _every_value_has_a_place(document, each, f"{pointer}/{escaped}")


@settings(CALM, max_examples=400)
@given(
    st.binary(max_size=200)
    | st.text(max_size=200)
    | st.text('{}[]":,0129.eE-+tfn\\u\n\t #', max_size=60)
    | st.text("ab: -[]{}?|>&*!%@`'\"#,\n\t0.~<=\\", max_size=60),
    st.sampled_from(["ks.json", "ks.yaml", "ks"]),
)
def test_any_input_is_a_document_or_a_syntax_problem(text: str | bytes, name: str) -> None:
    assert outcome(text, name)


def outcome(text: str | bytes, name: str) -> bool:
    try:
        document = load(text, name=name)
    except SyntaxProblem as error:
        problem = error.problem
        return problem.line >= 1 and problem.column >= 1 and bool(problem.message)
    return isinstance(document.data, dict)


JSON_LIKE = st.text('{}[]":,0129.eE-+tfnulINa\\\n', max_size=60) | st.binary(max_size=100)


@settings(CALM, max_examples=400)
@given(JSON_LIKE)
def test_json_from_outside_is_data_or_a_value_error(text: str | bytes) -> None:
    with contextlib.suppress(ValueError):
        assert json_data(text) == json.loads(text)
