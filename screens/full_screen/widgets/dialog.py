"""A window over the screen: a question, perhaps a line to type, and buttons."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import urwid

from screens.full_screen.widgets.rows import Button, EntryRow, Size, TextRow
from screens.question import Question

# Every terminal has these, and a line of them is a third as long on the wire.
_ASCII_LINES: dict[str, Any] = {
    "tline": "-", "bline": "-", "lline": "|", "rline": "|",
    "tlcorner": "+", "trcorner": "+", "blcorner": "+", "brcorner": "+",
}  # fmt: skip


class Dialog(urwid.WidgetWrap[Any]):
    """The window. Its default is the harmless button, or the line to type in.

    ``answer`` is called with what was typed, or "", once it is confirmed and the window closed.
    """

    def __init__(
        self, question: Question, close: Callable[[], None], answer: Callable[[str], None]
    ) -> None:
        self._question = question
        self._answer = answer
        self._close = close
        self._problem = TextRow("", "problem")
        self._entry = _entry(question)
        self._cancel = Button(question.cancel, close)
        self._confirm = Button(question.confirm, self._confirmed)
        buttons = [self._cancel, *([self._confirm] if question.confirm else [])]
        self._bar: Any = urwid.Columns([(each.width, each) for each in buttons], dividechars=2)
        rows: list[Any] = [("pack", TextRow(line, "body")) for line in question.lines]
        if self._entry:
            rows += [("pack", TextRow("", "body")), ("pack", self._entry)]
        rows += [("pack", self._problem), ("pack", self._bar)]
        self._pile: Any = urwid.Pile(rows)
        self._pile.focus_position = len(rows) - (3 if self._entry else 1)
        self.height = len(rows) + 3
        frame = urwid.LineBox(
            urwid.Padding(self._pile, left=1, right=1), question.title, **_ASCII_LINES
        )
        super().__init__(urwid.AttrMap(urwid.Filler(frame, height="pack"), "dialog"))

    def keypress(self, size: Size, key: str) -> str | None:
        """Esc closes; Enter in the line to type in goes on to the button."""
        if key in {"esc", "ctrl c"}:
            self._close()
            return None
        if key in {"tab", "shift tab"} or (key == "enter" and self._typing):
            self._step(key)
            return None
        rest: str | None = super().keypress(size, key)
        if self._typing and rest is None:
            self._problem.set_text("")
        return rest

    def insert(self, text: str) -> bool:
        """Take in a text at once; False when there is no line to type in with the focus."""
        if self._entry is None or not self._typing:
            return False
        self._entry.insert(text)
        self._problem.set_text("")
        return True

    @property
    def _typing(self) -> bool:
        return self._entry is not None and self._pile.focus is self._entry

    def _step(self, key: str) -> None:
        """From the line to the buttons and round."""
        if self._typing:
            if key == "enter" and self._refused():
                return
            self._pile.focus_position = len(self._pile.contents) - 1
            last = len(self._bar.contents) - 1
            self._bar.focus_position = last if key in {"enter", "shift tab"} else 0
            return
        step = 1 if key == "tab" else -1
        place = self._bar.focus_position + step
        if 0 <= place < len(self._bar.contents):
            self._bar.focus_position = place
        elif self._entry:
            self._pile.focus_position = len(self._pile.contents) - 3
        else:
            self._bar.focus_position = place % len(self._bar.contents)

    def _refused(self) -> bool:
        text = self._entry.text if self._entry else ""
        problem = self._question.refuse(text)
        self._problem.set_text(f"! {problem}" if problem else "")
        return bool(problem)

    def _confirmed(self) -> None:
        if self._refused():
            return
        self._close()
        self._answer(self._entry.text if self._entry else "")


def _entry(question: Question) -> EntryRow | None:
    if not question.label:
        return None
    return EntryRow("answer", question.label, question.text, hint="", width=40, secret=False)
