"""A recovery key, shown once: as text in two lines, and as a QR code where one can be drawn."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import zip_longest

from installer.config.recovery import key_lines
from installer.secret import Secret
from screens.forms import Form, Note
from screens.questions import Question, lines

WRITTEN = "I have written it down"
_GAP = "  "
_TEXT = (
    "Write this down: it is shown once.",
    "",
    "It opens the encrypted volumes when",
    "the passphrase is forgotten or the",
    "TPM refuses. It is kept nowhere.",
    "",
)


def recovery_form(key: Secret, picture: Sequence[str]) -> Form:
    """The key's own screen; ``picture`` are the lines of its QR code, none for the text alone."""
    shown: tuple[str, ...] = (*_TEXT, *key_lines(key))
    if picture:
        shown = tuple(
            f"{left}{_GAP}{right}".rstrip()
            for left, right in zip_longest(picture, shown, fillvalue="")
        )
    return Form(items=(Note(text="\n".join(shown)),), next_label=WRITTEN)


def written_down(answer: Callable[[str], None]) -> Question:
    """Whether the key may go from the screen."""
    return Question(
        title="Recovery key",
        lines=lines("Is it written down, or photographed? It is not shown again."),
        confirm=WRITTEN,
        cancel="Show it again",
        answer=answer,
    )
