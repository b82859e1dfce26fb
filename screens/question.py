"""A question or a text in a dialog, as data; both renderers show the same."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

WIDTH = 66


class About(StrEnum):
    """What a question is about: what its answer leads to is the conductor's business."""

    NOTHING = "nothing"
    QUIT = "quit"
    CANCEL = "cancel"
    SAVE = "save"
    SAVE_LOG = "save_log"
    ERASE = "erase"
    TAKE_OVER = "take_over"
    WRITTEN_DOWN = "written_down"
    REMOVE = "remove"
    GIVE_UP_EDITS = "give_up_edits"


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a dialog asks. The answer is the typed text, or "" when there is none to type.

    ``refuse`` says why a typed text cannot be the answer ("" when it can). Without ``confirm``
    there is only something to read. The harmless button is the default.
    """

    title: str
    lines: tuple[str, ...]
    about: About = About.NOTHING
    confirm: str = ""
    cancel: str = "Cancel"
    label: str = ""
    text: str = ""
    refuse: Callable[[str], str] = lambda _text: ""


def tell(title: str, text: str) -> Question:
    """Something to read."""
    return Question(title=title, lines=lines(text), cancel="Close")


def lines(text: str) -> tuple[str, ...]:
    """The text in lines that fit a dialog."""
    wrapped = (textwrap.wrap(part, WIDTH, break_on_hyphens=False) for part in text.splitlines())
    return tuple(line for part in wrapped for line in part)
