"""Outside text in messages: on one line, bounded, and nothing that a terminal would obey."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ks_schema.wording import printable, printable_lines, quoted

CLEARS_THE_SCREEN = "\x1b[2J\x1b]0;title\x07"
ANY_TEXT = st.text(st.characters())


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("DATA 1", "DATA 1"),
        ("größe", "größe"),
        (CLEARS_THE_SCREEN, r"\u001b[2J\u001b]0;title\u0007"),
        ("a\nphoton-installer: done\r\t", r"a\nphoton-installer: done\r\t"),
        ("\x7f\x9b1m\u202eevil\u2066", r"\u007f\u009b1m\u202eevil\u2066"),
        ("\U000e0001\udcff", r"\udb40\udc01\udcff"),
    ],
)
def test_what_a_terminal_would_obey_is_escaped(text: str, shown: str) -> None:
    assert printable(text) == shown
    assert quoted(text) == f'"{shown}"'


@given(ANY_TEXT)
def test_all_that_is_shown_is_printable(text: str) -> None:
    assert printable(text).isprintable()
    assert quoted(text).isprintable()
    assert printable_lines(text).replace("\n", "").replace("\t", "").isprintable()
    assert printable_lines(text).count("\n") == text.count("\n")


@given(ANY_TEXT)
def test_json_means_the_same_when_it_is_shown(text: str) -> None:
    shown = printable(json.dumps({text: text}, ensure_ascii=False))
    assert json.loads(shown) == json.loads(json.dumps({text: text}))


def test_a_quoted_text_is_bounded() -> None:
    assert quoted("x" * 500) == '"' + "x" * 48 + '..."'
    assert quoted('a "word"') == "'a \"word\"'"
    assert len(quoted("\x1b" * 500)) < 48 * 6 + 10
