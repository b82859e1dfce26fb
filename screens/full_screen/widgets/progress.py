"""The progress of an installation: bar, phases, and the end of the log."""

from __future__ import annotations

import urwid

from screens.full_screen.widgets.rows import Size
from screens.progress import Mark, ProgressState, bar

_TONES = {
    Mark.WAITING: "dim",
    Mark.WORKING: "title",
    Mark.DONE: "good",
    Mark.FAILED: "problem",
}
_LOG_ROWS_LEAST = 4


class ProgressView(urwid.Widget):
    """Draws a :class:`ProgressState`; takes no keys of its own."""

    _sizing = frozenset([urwid.BOX])
    _selectable = True

    def __init__(self, title: str) -> None:
        super().__init__()
        self.title = title
        self.note = ""
        self._drawn = ("", "")
        self._state = ProgressState()

    def show(self, state: ProgressState) -> None:
        """Show another state, and the title and the note as they are now."""
        if state != self._state or (self.title, self.note) != self._drawn:
            self._state = state
            self._invalidate()

    def keypress(self, size: Size, key: str) -> str | None:  # noqa: ARG002
        """No key does anything here."""
        return key

    def render(self, size: Size, focus: bool = False) -> urwid.CompositeCanvas:  # noqa: ARG002
        """Draw it, one line of text for each row."""
        columns, rows = size
        self._drawn = (self.title, self.note)
        lines = [*self._head(columns), *self._phases(rows)]
        room = max(rows - len(lines) - 1, 0)
        tail = self._state.log[-room:] if room else ()
        lines += [("title", "Log"), *(("dim", f"  {line}") for line in tail)]
        lines += [("body", "")] * (rows - len(lines))
        # One canvas for each row, so that only the rows that change are sent.
        canvases = [
            (urwid.Text((tone, _printable(text)), wrap="clip").render((columns,)), None, False)
            for tone, text in lines[:rows]
        ]
        return urwid.CanvasCombine(canvases)

    def _head(self, columns: int) -> list[tuple[str, str]]:
        return [
            ("title", self.title),
            ("bar", bar(self._state.fraction, min(columns, 78))),
            ("body", self._state.action or self.note),
            ("body", ""),
        ]

    def _phases(self, rows: int) -> list[tuple[str, str]]:
        """The phases, in two columns where one would leave no room for the log."""
        phases = self._state.phases
        cells = [(phase.mark, f"{phase.mark} {phase.title}") for phase in phases]
        if len(cells) + _LOG_ROWS_LEAST + 6 > rows:
            half = (len(cells) + 1) // 2
            right = [text for _, text in cells[half:]] + [""]
            return [
                ("body", f"{text:<38.38} {other:.38}")
                for (_, text), other in zip(cells[:half], right, strict=False)
            ] + [("body", "")]
        return [(_TONES[mark], text) for mark, text in cells] + [("body", "")]


def _printable(text: str) -> str:
    """Programs may print what would move the cursor."""
    return "".join(char if char.isprintable() else " " for char in text)
