"""A question or a text in a dialog, as data; both renderers show the same."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from dataclasses import dataclass

WIDTH = 66


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a dialog asks. ``answer`` is called with the typed text (or "") when it is confirmed.

    ``refuse`` says why a typed text will not do ("" when it will). Without ``confirm`` the dialog
    only tells something. The harmless button is the default.
    """

    title: str
    lines: tuple[str, ...]
    confirm: str = ""
    cancel: str = "Cancel"
    label: str = ""
    text: str = ""
    answer: Callable[[str], None] = lambda _text: None
    refuse: Callable[[str], str] = lambda _text: ""


def tell(title: str, text: str) -> Question:
    """Something to read."""
    return Question(title=title, lines=lines(text), cancel="Close")


def lines(text: str) -> tuple[str, ...]:
    """The text in lines that fit a dialog."""
    wrapped = (textwrap.wrap(part, WIDTH, break_on_hyphens=False) for part in text.splitlines())
    return tuple(line for part in wrapped for line in part)
