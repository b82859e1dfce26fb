"""Text in lines of a width, for both renderers."""

from __future__ import annotations

import textwrap


def hanging(text: str, columns: int) -> list[str]:
    """The lines of ``text``, wrapped; what wraps stands under the first word of its line."""
    lines: list[str] = []
    for line in text.splitlines() or [""]:
        indent = len(line) - len(line.lstrip(" -!"))
        wrapped = textwrap.wrap(
            line,
            max(columns, indent + 8),
            subsequent_indent=" " * indent,
            break_on_hyphens=False,
        )
        lines += wrapped or [""]
    return lines
