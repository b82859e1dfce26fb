"""A secret that was drawn, shown once: as text, and as a QR code where one can be drawn."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest

from installer.config.recovery import ShownOnce, key_lines
from screens.forms import Form, Note
from screens.question import About, Question, lines

WRITTEN = "I have saved it"
_GAP = "  "
_TEXT = ("Write this down: it is shown once.", "")


def recovery_form(shown: ShownOnce, picture: Sequence[str]) -> Form:
    """Its own screen; ``picture`` are the lines of its QR code, none for the text alone."""
    text: tuple[str, ...] = (*_TEXT, *shown.purpose, "", *key_lines(shown.secret))
    if picture:
        text = tuple(
            f"{left}{_GAP}{right}".rstrip()
            for left, right in zip_longest(picture, text, fillvalue="")
        )
    return Form(items=(Note(text="\n".join(text)),), next_label=WRITTEN)


def written_down() -> Question:
    """Whether it may go from the screen."""
    return Question(
        title="Shown once",
        lines=lines("Have you saved it? It will not be shown again."),
        about=About.WRITTEN_DOWN,
        confirm=WRITTEN,
        cancel="Show it again",
    )
