"""What is said of a register, and how it is shown."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ks_schema.wording import printable_lines

_WIDTH = 80
_INDENT = " " * 8


class UnpredictableError(Exception):
    """What will be measured cannot be predicted; the text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction:
    """What a register will hold (SHA-256), and of what; None, and why that cannot be predicted."""

    value: bytes | None
    why: str

    def __post_init__(self) -> None:
        # It repeats names and texts of the disk that is examined.
        object.__setattr__(self, "why", printable_lines(self.why))


Predictions = Mapping[int, Prediction]


def attempt(predict: Callable[[], Prediction]) -> Prediction:
    """What a function predicts, or why it cannot."""
    try:
        return predict()
    except UnpredictableError as reason:
        return Prediction(value=None, why=str(reason))


def differing(predictions: Predictions, pcrs: Mapping[int, bytes]) -> tuple[int, ...]:
    """The registers that were predicted and hold something else."""
    return tuple(
        pcr
        for pcr, each in sorted(predictions.items())
        if each.value is not None and each.value != pcrs.get(pcr)
    )


def predictions_json(predictions: Predictions) -> dict[str, Any]:
    """Plain data: by the register's number, its value in hexadecimal digits (or null) and why."""
    return {
        str(pcr): {"sha256": each.value.hex() if each.value else None, "why": each.why}
        for pcr, each in sorted(predictions.items())
    }


def predictions_text(predictions: Predictions) -> str:
    """Two or more lines for each register, of at most 80 columns."""
    lines = []
    for pcr, each in sorted(predictions.items()):
        value = each.value.hex() if each.value else "cannot be predicted"
        lines.append(f"{f'PCR {pcr}':<8}{value}")
        lines += textwrap.wrap(
            each.why,
            _WIDTH,
            initial_indent=_INDENT,
            subsequent_indent=_INDENT,
            break_on_hyphens=False,
        )
    return "\n".join(lines)
