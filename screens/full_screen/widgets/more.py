"""A list that scrolls, and says so."""

from __future__ import annotations

from typing import Any

import urwid

from screens.full_screen.widgets.rows import Size


class MoreBelow(urwid.WidgetDecoration[Any]):
    """A list whose last row says when there is more than fits."""

    _sizing = frozenset([urwid.BOX])
    # Until it is drawn for the first time, that of the smallest terminal.
    size: Size = (78, 20)

    def selectable(self) -> bool:
        """The list takes keys."""
        return True

    def show_top(self, place: int) -> None:
        """Scroll to the top if the row at ``place`` is then still to be seen."""
        columns, rows = self._inner(self.size)
        body = self.original_widget.body
        above = sum(row.rows((columns,)) for row in body[:place])
        if above + body[place].rows((columns,)) <= rows:
            self.original_widget.shift_focus((columns, rows), above)

    def _show_whole(self, size: Size) -> None:
        """Scroll up to the end of the row with the focus: what is wrong with it is shown there."""
        row, _place = self.original_widget.body.get_focus()
        if row is None:
            return
        offset, inset = self.original_widget.get_focus_offset_inset(size)
        height = row.rows((size[0],), True)
        if not inset and offset + height > size[1] >= height:
            self.original_widget.shift_focus(size, size[1] - height)

    def render(self, size: Size, focus: bool = False) -> urwid.CompositeCanvas:
        """Draw the list and the row below it."""
        self.size = size
        inner, columns = self._inner(size), size[0]
        if focus:
            self._show_whole(inner)
        canvas = self.original_widget.render(inner, focus)
        ends = self.original_widget.ends_visible(inner, focus)
        more = " and ".join(
            text for end, text in (("top", "above"), ("bottom", "below")) if end not in ends
        )
        text = f"-- more {more} (PgUp, PgDn) --" if more else ""
        line = urwid.Text(("dim", text), align="right", wrap="clip").render((columns,))
        return urwid.CanvasCombine([(canvas, None, focus), (line, None, False)])

    def keypress(self, size: Size, key: str) -> str | None:
        """Keys go to the list."""
        rest: str | None = self.original_widget.keypress(self._inner(size), key)
        return rest

    def get_cursor_coords(self, size: Size) -> tuple[int, int] | None:
        """The list's cursor."""
        coords: tuple[int, int] | None = self.original_widget.get_cursor_coords(self._inner(size))
        return coords

    def _inner(self, size: Size) -> tuple[int, int]:
        return size[0], max(size[1] - 1, 1)
