"""A recovery key, shown once: as text in two lines, and as a QR code where one can be drawn."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from itertools import zip_longest

from installer.secret import Secret
from screens.forms import Form, Note
from screens.questions import Question, lines

WRITTEN = "I have written it down"
_GROUPS_IN_A_LINE = 4
# Two light modules around the code: enough for cameras, and it still fits beside the text.
_BORDER = 2
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


def key_lines(key: Secret) -> tuple[str, str]:
    """The eight groups in two lines."""
    groups = key.reveal().split("-")
    return "-".join(groups[:_GROUPS_IN_A_LINE]), "-".join(groups[_GROUPS_IN_A_LINE:])


def written_down(answer: Callable[[str], None]) -> Question:
    """Whether the key may go from the screen."""
    return Question(
        title="Recovery key",
        lines=lines("Is it written down, or photographed? It is not shown again."),
        confirm=WRITTEN,
        cancel="Show it again",
        answer=answer,
    )


def qr_lines(text: str) -> tuple[str, ...]:
    """A QR code in half blocks, light on a dark terminal; nothing where python3-qrcode is not."""
    try:
        qrcode = importlib.import_module("qrcode")
    except ImportError:
        return ()
    code = qrcode.QRCode(error_correction=qrcode.constants.ERROR_CORRECT_L, border=_BORDER)
    code.add_data(text)
    code.make()
    return half_blocks(code.get_matrix())


def half_blocks(dark: Sequence[Sequence[bool]]) -> tuple[str, ...]:
    """Two rows of modules in each line of text; the light ones are drawn."""
    below = [True] * len(dark[0]) if dark else []
    rows = [*dark, below] if len(dark) % 2 else [*dark]
    blocks = {(False, False): "█", (False, True): "▀", (True, False): "▄", (True, True): " "}
    return tuple(
        "".join(blocks[bool(upper), bool(lower)] for upper, lower in zip(*pair, strict=True))
        for pair in zip(rows[::2], rows[1::2], strict=True)
    )
