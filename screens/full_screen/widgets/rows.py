"""The rows of a form: lines to choose or press, lines to type in, and text.

The focus is shown by ``>`` in the first column, whatever the colours.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from typing import Any

import urwid

from screens.forms import Option
from screens.hanging import hanging
from screens.typed import LONGEST, TypedLine

# urwid passes a tuple of columns, or of columns and rows; its own widgets disagree on the type.
Size = Any

MARKER = "> "
LABEL_WIDTH = 20


class TextRow(urwid.Widget):
    """Text to read, in one of the palette's tones; what wraps is indented like its line."""

    _sizing = frozenset([urwid.FLOW])
    _selectable = False

    def __init__(self, text: str, tone: str) -> None:
        super().__init__()
        self._text = text
        self._tone = tone
        self._problem = ""

    def set_text(self, text: str) -> None:
        """Show another text."""
        if text != self._text:
            self._text = text
            self._invalidate()

    def set_problem(self, problem: str) -> None:
        """Say below the text what is wrong; "" when nothing is."""
        if problem != self._problem:
            self._problem = problem
            self._invalidate()

    def rows(self, size: Size, focus: bool = False) -> int:  # noqa: ARG002
        """The number of rows that it takes at this width."""
        return len(self._lines(size[0]))

    def render(self, size: Size, focus: bool = False) -> urwid.CompositeCanvas:  # noqa: ARG002
        """Draw it."""
        lines = self._lines(size[0])
        return urwid.CanvasCombine(
            [(_canvas(line, tone, size[0]), None, False) for tone, line in lines]
        )

    def _lines(self, columns: int) -> list[tuple[str, str]]:
        lines = [(self._tone, line) for line in hanging(self._text, columns)]
        if self._problem:
            lines += [("problem", line) for line in hanging(f"    ! {self._problem}", columns)]
        return lines


class Line(urwid.Widget):
    """A line that Space and Enter act upon: an option, a command."""

    _sizing = frozenset([urwid.FLOW])
    _selectable = True

    def __init__(
        self,
        key: str,
        head: str,
        detail: tuple[str, ...],
        press: Callable[[str], None],
        option: Option | None = None,
        *,
        stop: str = "",
    ) -> None:
        super().__init__()
        self.key = key
        self.option = option
        self.stop = stop
        self._head = head
        self._detail = detail
        self._press = press
        self._problem = ""

    def set_problem(self, problem: str) -> None:
        """Say below it what is wrong; "" when nothing is."""
        if problem != self._problem:
            self._problem = problem
            self._invalidate()

    def set_head(self, head: str) -> None:
        """Show another first line."""
        if head != self._head:
            self._head = head
            self._invalidate()

    def rows(self, size: Size, focus: bool = False) -> int:  # noqa: ARG002
        """The number of rows that it takes at this width."""
        return len(self._lines(size[0]))

    def render(self, size: Size, focus: bool = False) -> urwid.CompositeCanvas:
        """Draw it; the cursor stands at the marker, for those who read by it."""
        head, *rest = self._lines(size[0])
        markup: list[Any] = [
            ("focus" if focus else "body", (MARKER if focus else "  ") + head),
            *((_tone(line), f"\n  {line}") for line in rest),
        ]
        canvas = urwid.CompositeCanvas(urwid.Text(markup, wrap="clip").render(size))
        if focus:
            canvas.cursor = self.get_cursor_coords(size)
        return canvas

    def get_cursor_coords(self, size: Size) -> tuple[int, int]:  # noqa: ARG002
        """The cursor is at the marker."""
        return 0, 0

    def keypress(self, size: Size, key: str) -> str | None:  # noqa: ARG002
        """Space and Enter press it."""
        if key in {" ", "enter"}:
            self._press(key)
            return None
        return key

    def _lines(self, columns: int) -> list[str]:
        width = max(columns - len(MARKER), 8)
        lines = textwrap.wrap(self._head, width, subsequent_indent="    ") or [""]
        problem = (f"! {self._problem}",) if self._problem else ()
        for detail in (*problem, *self._detail):
            wrapped = textwrap.wrap(detail, width - 6, drop_whitespace=True)
            lines += [f"      {line}" for line in wrapped]
        return lines


class EntryRow(urwid.Widget):
    """A labelled line to type in, with its hint, and below it what is wrong with its value.

    Only what is seen of a long text is drawn: a key must not take longer, the longer it gets.
    """

    _sizing = frozenset([urwid.FLOW])
    _selectable = True

    def __init__(  # noqa: PLR0913  (what a field is)
        self,
        key: str,
        label: str,
        text: str,
        *,
        hint: str,
        width: int,
        secret: bool,
        limit: int = LONGEST,
    ) -> None:
        super().__init__()
        self.key = key
        self.problem = ""
        self._label = label
        self._hint = hint
        self._width = width
        self._secret = secret
        self._line = TypedLine(text=text, place=len(text), limit=limit)

    @property
    def text(self) -> str:
        """What has been typed."""
        return self._line.text

    def set_problem(self, problem: str) -> None:
        """Say what is wrong with the value; "" when nothing is."""
        if problem != self.problem:
            self.problem = problem
            self._invalidate()

    def insert(self, text: str) -> None:
        """Take in a text at once, as if it were typed."""
        self._line = self._line.insert(text)
        self._invalidate()

    def rows(self, size: Size, focus: bool = False) -> int:  # noqa: ARG002
        """One row, and those of the problem."""
        return 1 + len(self._below(size[0]))

    def render(self, size: Size, focus: bool = False) -> urwid.CompositeCanvas:
        """Draw label, field, hint and problem."""
        columns = size[0]
        width = self._edit_width(columns)
        head = (MARKER if focus else "  ") + self._label[:LABEL_WIDTH].ljust(LABEL_WIDTH) + "["
        tail = f"]  {self._hint}"
        rest = max(columns - len(head) - width, 1)
        parts = [
            (_canvas(head, "focus" if focus else "label", len(head)), None, False, len(head)),
            (self._edit_canvas(width, focus), None, focus, width),
            (_canvas(tail[:rest], "dim", rest), None, False, rest),
        ]
        row = urwid.CanvasJoin(parts)
        below = [(_canvas(line, "problem", columns), None, False) for line in self._below(columns)]
        if not below:
            return row
        return urwid.CanvasCombine([(row, None, focus), *below])

    def get_cursor_coords(self, size: Size) -> tuple[int, int]:
        """Where the cursor is in the field."""
        _shown, column = self._window(self._edit_width(size[0]))
        return column + len(MARKER) + LABEL_WIDTH + 1, 0

    def keypress(self, size: Size, key: str) -> str | None:  # noqa: ARG002
        """Typing goes to the field."""
        after = self._line.press(key)
        if after is None:
            return key
        self._line = after
        self._invalidate()
        return None

    def _edit_width(self, columns: int) -> int:
        return max(min(self._width, columns - len(MARKER) - LABEL_WIDTH - 2), 4)

    def _edit_canvas(self, width: int, focus: bool) -> urwid.CompositeCanvas:
        shown, column = self._window(width)
        canvas = urwid.CompositeCanvas(_canvas(shown, "edit", width))
        if focus:
            canvas.cursor = column, 0
        return canvas

    def _window(self, width: int) -> tuple[str, int]:
        """The part of the text that is seen, and the column of the cursor in it."""
        line, place = self._line, self._line.place
        first, column = place, 0
        while first and (more := column + self._columns(line.text[first - 1])) < width:
            first, column = first - 1, more
        part = line.text[first : first + width]
        shown = "*" * len(part) if self._secret else "".join(map(_visible, part))
        return shown, column

    def _columns(self, character: str) -> int:
        return 1 if self._secret else urwid.calc_width(_visible(character), 0, 1)

    def _below(self, columns: int) -> list[str]:
        told = self.problem
        if self._line.left_out:
            limit, left_out = self._line.limit, self._line.left_out
            told = f"At most {limit} characters fit here: the last {left_out} were left out"
        lines = textwrap.wrap(f"! {told}", columns - 6) if told else []
        return [f"    {line}" for line in lines]


class Button(Line):
    """A line short enough to stand beside others. Unready, it is drawn in round brackets."""

    def __init__(self, label: str, press: Callable[[], None]) -> None:
        self.label = label
        super().__init__(f"button:{label}", f"< {label} >", (), lambda _key: press())

    @property
    def width(self) -> int:
        """The columns that it needs."""
        return len(self.label) + 6

    def set_ready(self, ready: bool) -> None:
        """Show whether pressing it does anything now."""
        self.set_head(f"< {self.label} >" if ready else f"( {self.label} )")


def _tone(line: str) -> str:
    return "problem" if line.lstrip().startswith("! ") else "dim"


def _visible(character: str) -> str:
    return character if character.isprintable() else "?"


def _canvas(text: str, attribute: str, columns: int) -> urwid.Canvas:
    return urwid.Text((attribute, text), wrap="clip").render((columns,))
