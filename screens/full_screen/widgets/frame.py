"""The frame around every screen: header, body, footer; and what is shown when it cannot be."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import urwid

from screens.full_screen.widgets.dialog import Dialog
from screens.full_screen.widgets.form import NOTHING_TO_TYPE_IN, FormView
from screens.full_screen.widgets.rows import Size, TextRow
from screens.question import Question

COLUMNS, ROWS = 80, 24
_DIALOG_WIDTH = 74


class Frame(urwid.WidgetWrap[Any]):
    """The whole screen. ``handle`` gets each key first and says whether it was one of its own.

    A terminal that is too small gets a sentence that says so, instead of half a screen, and its
    keys go to ``small``. What is asked there (``asked``) is answered by one letter.
    """

    def __init__(self, handle: Callable[[str], bool], small: Callable[[str], None]) -> None:
        self._handle = handle
        self._small = small
        self._asked: Question | None = None
        self._size: Size = (COLUMNS, ROWS)
        self._header = TextRow("", "header")
        self._footer = TextRow("", "footer")
        self._view: urwid.Widget = urwid.SolidFill(" ")
        self._body: Any = urwid.WidgetPlaceholder(self._view)
        self.dialog: Dialog | None = None
        self._frame: Any = urwid.Frame(
            # No margin on the right: what ends in spaces is sent as one erase-to-end-of-line.
            urwid.AttrMap(urwid.Padding(self._body, left=1), "body"),
            header=urwid.AttrMap(self._header, "header"),
            footer=urwid.AttrMap(self._footer, "footer"),
        )
        super().__init__(self._frame)

    @property
    def view(self) -> urwid.Widget:
        """What is shown in the frame, below any dialog."""
        return self._view

    def show(self, view: urwid.Widget, left: str, right: str) -> None:
        """Show another screen; ``left`` and ``right`` are the two ends of the header."""
        self._header.set_text(f" {left:<{COLUMNS - 12}.{COLUMNS - 12}} {right:>9.9}")
        self._view = view
        self.close()

    @property
    def asked(self) -> Question | None:
        """What a terminal that is too small for a dialog asks."""
        return self._asked

    @asked.setter
    def asked(self, question: Question | None) -> None:
        self._asked = question
        self._invalidate()

    def insert(self, text: str) -> bool:
        """Take in a text at once; False when no line to type in has the focus."""
        if _too_small(self._size):
            return False
        target = self.dialog or self._view
        return isinstance(target, Dialog | FormView) and target.insert(text)

    def refuse_paste(self) -> None:
        """Say that nothing can be pasted where the focus is."""
        if self.dialog is None and isinstance(self._view, FormView):
            self._view.tell(NOTHING_TO_TYPE_IN)

    def keys(self, text: str) -> None:
        """Show another bottom line."""
        self._footer.set_text(f" {text}")

    def open(self, dialog: Dialog) -> None:
        """Put a dialog over the screen."""
        self.dialog = dialog
        self._body.original_widget = urwid.Overlay(
            dialog, self._view, "center", _DIALOG_WIDTH, "middle", dialog.height
        )

    def close(self) -> None:
        """Take the dialog away."""
        self.dialog = None
        self._body.original_widget = self._view

    def keypress(self, size: Size, key: str) -> str | None:
        """Keys wait until there is room to see what they do."""
        self._size = size
        if _too_small(size):
            self._small(key)
            return None
        self._asked = None
        if self._handle(key):
            return None
        rest: str | None = self._frame.keypress(size, key)
        return rest

    def render(self, size: Size, focus: bool = False) -> urwid.Canvas:
        """Draw the frame if it fits."""
        self._size = size
        if not _too_small(size):
            return super().render(size, focus)
        message: Any = urwid.Filler(urwid.Text("\n".join(self._small_lines(size))), "top")
        return urwid.CompositeCanvas(message.render(size, focus))

    def _small_lines(self, size: Size) -> tuple[str, ...]:
        if self._asked:
            return (f"{self._asked.confirm}? y: yes, another key: no", *self._asked.lines)
        return (
            f"This terminal has {size[0]}x{size[1]}; the installer needs {COLUMNS}x{ROWS}.",
            "Make it larger. F3 or Ctrl-C quits.",
        )


class Working(urwid.WidgetWrap[Any]):
    """Shown while a screen waits for work that takes long; it swallows the keys."""

    def __init__(self, text: str) -> None:
        super().__init__(urwid.Filler(TextRow(f"  {text}", "title"), "top", top=1))

    def selectable(self) -> bool:
        """It has the focus, so that no key reaches a screen that is not there yet."""
        return True

    def keypress(self, size: Size, key: str) -> str | None:
        """No key does anything here."""
        del size
        return key


def _too_small(size: Size) -> bool:
    return bool(size[0] < COLUMNS or size[1] < ROWS)
