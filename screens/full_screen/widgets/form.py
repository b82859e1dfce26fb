"""A form on the screen: its rows in a list that scrolls, what is missing, and the buttons."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import urwid

from screens.forms import (
    YES,
    Check,
    Choice,
    Command,
    Form,
    Item,
    Note,
    Option,
    Row,
    SecretText,
    Text,
)
from screens.full_screen.widgets.more import MoreBelow
from screens.full_screen.widgets.rows import Button, EntryRow, Line, Size, TextRow
from screens.typed import is_character

_FORWARD = "tab"
_BACKWARD = "shift tab"
# Tab stops at a table once, whatever row of it had the focus last.
_TABLE = "table"
NOTHING_TO_TYPE_IN = "No text field is selected. Press Tab to go to the next field."


@dataclass(frozen=True, slots=True, kw_only=True)
class Hooks:
    """What a form reports: a value changed, a field was left, a command was pressed."""

    change: Callable[[str, str], None]
    leave: Callable[[str], None]
    command: Callable[[str], None]


class FormView(urwid.WidgetWrap[Any]):
    """Shows a :class:`Form` and keeps it in step with the draft without drawing more than needed.

    ``buttons`` are pairs of label and action. Enter on the last field goes to the first of them.
    """

    def __init__(
        self, form: Form, hooks: Hooks, buttons: tuple[tuple[str, Callable[[], None]], ...]
    ) -> None:
        self._hooks = hooks
        self._form = form
        self._problems: Mapping[str, str] = {}
        self._blocked = self._told = ""
        self._buttons = tuple(Button(label, act) for label, act in buttons)
        self._rows: Any = urwid.SimpleFocusListWalker([])
        self._list = urwid.ListBox(self._rows)
        self._status = TextRow("", "warning")
        self._more = MoreBelow(self._list)
        parts: list[Any] = [("weight", 1, self._more), ("pack", self._status)]
        if self._buttons:
            columns = [(each.width, each) for each in self._buttons]
            self._bar: Any = urwid.Columns(columns, dividechars=1 if len(columns) > 6 else 2)
            parts.append(("pack", self._bar))
        super().__init__(urwid.Pile(parts))
        self._build()
        self._go(form.start)

    @property
    def focus_key(self) -> str:
        """The id of the field, command or button that has the focus."""
        if self._w.focus_position == 2:
            return str(self._buttons[self._bar.focus_position].key)
        row = self._rows.get_focus()[0] if self._rows else None
        return str(getattr(row, "key", ""))

    def refresh(self, form: Form, problems: Mapping[str, str], blocked: str) -> None:
        """Show the form as it is now; ``blocked`` says what is missing before going on."""
        focus = self.focus_key
        same = _shape(form) == _shape(self._form)
        self._form = form
        if not same:
            self._build()
            self._restore(focus)
        self._mark(problems)
        if problems != self._problems:
            # A row that grows must not push what is above it out of sight.
            self._problems = dict(problems)
            if self._w.focus_position == 0 and self._rows:
                self._more.show_top(self._rows.focus)
        main = form.next_label
        refused = {each.label for each in form.commands if each.refused}
        for each in self._buttons:
            each.set_ready(each.label not in refused and not (each.label == main and blocked))
        self._blocked = f"{main}: {blocked}" if blocked and main else ""
        self._status.set_text(self._told or self._blocked)

    def tell(self, text: str) -> None:
        """Say something below the rows, until the next key."""
        self._told = text
        self._status.set_text(text or self._blocked)

    def go_to(self, field: str) -> None:
        """Put the focus on a field."""
        self._go(field)

    def keypress(self, size: Size, key: str) -> str | None:
        """Tab goes from field to field, Enter accepts one; the rest is the rows' own business."""
        before = self.focus_key
        self.tell("")
        rest = self._keypress(size, key)
        if rest is not None and is_character(rest):
            self.tell(NOTHING_TO_TYPE_IN)
        if self.focus_key != before:
            self._hooks.leave(before)
        return rest

    def _keypress(self, size: Size, key: str) -> str | None:
        if key in {_FORWARD, _BACKWARD}:
            self._tab(1 if key == _FORWARD else -1)
            return None
        if key in {"page up", "page down"}:
            self._more.keypress(self._more.size, key)
            return None
        row = self._rows.get_focus()[0] if self._w.focus_position == 0 and self._rows else None
        if key == "enter" and isinstance(row, EntryRow):
            self._hooks.leave(row.key)
            self._tab(1)
            return None
        before = row.text if isinstance(row, EntryRow) else ""
        rest: str | None = super().keypress(size, key)
        if isinstance(row, EntryRow) and row.text != before:
            self._hooks.change(row.key, row.text)
        return rest

    def insert(self, text: str) -> bool:
        """Take in a text at once; False when the focus is not on a line to type in."""
        row = self._rows.get_focus()[0] if self._w.focus_position == 0 and self._rows else None
        if not isinstance(row, EntryRow):
            return False
        self.tell("")
        row.insert(text)
        self._hooks.change(row.key, row.text)
        return True

    def _build(self) -> None:
        rows: list[urwid.Widget] = []
        self._labels: dict[str, TextRow] = {}
        before: Item | None = None
        for item in self._form.items:
            if before is not None and not (_tight(before) and _tight(item)):
                rows.append(TextRow("", "body"))
            rows += self._item(item)
            before = item
        # A row that takes keys would pull the list down to it: what is read comes first.
        self._rows[:] = rows
        if rows:
            self._rows.set_focus(0)

    def _item(self, item: Item) -> list[urwid.Widget]:
        match item:
            case Note():
                return [TextRow(line, item.tone.value) for line in item.text.splitlines()]
            case Text():
                return [_entry(item, item.value, item.hint, item.width)]
            case SecretText():
                hint = "set; type to change" if item.kept else ""
                return [_entry(item, item.value.reveal(), hint, 24)]
            case Choice():
                options = (self._option(item, option) for option in item.options)
                label = self._labels[item.id] = TextRow(item.label, "title")
                return [label, *options]
            case _:
                return [self._line(item)]

    def _option(self, choice: Choice, option: Option) -> Line:
        def press(key: str) -> None:
            if option.refused:
                return
            self._changed(choice.id, option.value, forward=key == "enter")

        head, detail = option_text(choice, option)
        return Line(choice.id, head, detail, press, option)

    def _line(self, item: Check | Command | Row) -> Line:
        match item:
            case Check():
                return self._check(item)
            case Command():
                return self._command(item)
            case Row():
                return self._row(item)

    def _changed(self, key: str, value: str | None, *, forward: bool) -> None:
        """Tell of another value; Enter goes on to what it asks for now.

        What has just appeared and is chosen already is passed over: what is typed next belongs
        into the field behind it.
        """
        before = set(self._form.field_ids())
        if value is not None:
            self._hooks.change(key, value)
        if not forward:
            return
        self._tab(1)
        for _ in self._form.items:
            item = self._form.item(self.focus_key)
            if not (isinstance(item, Choice) and item.value and item.id not in before):
                return
            self._tab(1)

    def _check(self, check: Check) -> Line:
        def press(key: str) -> None:
            now = self._form.item(check.id)
            value = None
            if isinstance(now, Check) and (now.value or not now.refused):
                value = "" if now.value else YES
            self._changed(check.id, value, forward=key == "enter")

        return Line(check.id, *check_text(check), press)

    def _command(self, command: Command) -> Line:
        def press(_key: str) -> None:
            if not command.refused:
                self._hooks.command(command.id)

        return Line(command.id, *command_text(command), press)

    def _row(self, row: Row) -> Line:
        problem = (f"! {row.problem}",) if row.problem else ()
        detail = (*problem, *row.detail)
        return Line(row.id, row.text, detail, lambda _key: self._hooks.command(row.id), stop=_TABLE)

    def _mark(self, problems: Mapping[str, str]) -> None:
        choices = {item.id: item for item in self._form.items if isinstance(item, Choice)}
        checks = {item.id: item for item in self._form.items if isinstance(item, Check)}
        for key, label in self._labels.items():
            label.set_problem(problems.get(key, ""))
        for row in self._rows:
            if isinstance(row, EntryRow):
                row.set_problem(problems.get(row.key, ""))
            elif isinstance(row, Line) and row.option is not None:
                row.set_head(option_text(choices[row.key], row.option)[0])
            elif isinstance(row, Line) and row.key in checks:
                row.set_head(check_text(checks[row.key])[0])
                row.set_problem(problems.get(row.key, ""))

    def _stops(self) -> list[tuple[str, int]]:
        """Where Tab stops: one row for each field (the chosen option's), and every button."""
        stops: dict[str, int] = {}
        values = {item.id: item.value for item in self._form.items if isinstance(item, Choice)}
        for index, row in enumerate(self._rows):
            key = getattr(row, "stop", "") or getattr(row, "key", "")
            option = getattr(row, "option", None)
            if key == _TABLE and index == self._rows.focus:
                stops[key] = index
            if key and (key not in stops or (option and option.value == values.get(key))):
                stops[key] = index
        buttons = {str(each.key): -1 - index for index, each in enumerate(self._buttons)}
        return [*stops.items(), *buttons.items()]

    def _tab(self, step: int) -> None:
        stops = self._stops()
        if not stops:
            return
        keys = [key for key, _ in stops]
        row = self._rows.get_focus()[0] if self._w.focus_position == 0 and self._rows else None
        focus = getattr(row, "stop", "") or self.focus_key
        if focus in keys:
            place = (keys.index(focus) + step) % len(stops)
        else:
            place = 0 if step > 0 else len(stops) - 1
        self._stand(stops[place][1])

    def _go(self, key: str) -> None:
        labels = {each.id: each.label for each in self._form.commands}
        wanted = f"button:{labels.get(key, self._form.next_label)}" if key in {"", *labels} else key
        rows = [(str(getattr(row, "key", "")), index) for index, row in enumerate(self._rows)]
        for name, place in (*self._stops(), *rows):
            if name == wanted:
                self._stand(place)
                return
        if stops := self._stops():
            self._stand(stops[0][1])

    def _restore(self, key: str) -> None:
        if key:
            self._go(key)

    def _stand(self, place: int) -> None:
        if place < 0:
            self._w.focus_position = 2
            self._bar.focus_position = -1 - place
        else:
            self._w.focus_position = 0
            self._rows.set_focus(place)
            self._more.show_top(place)


def option_text(choice: Choice, option: Option) -> tuple[str, tuple[str, ...]]:
    """The first line of an option, and the lines below it; a single detail stays on the first."""
    mark = "(*)" if option.value == choice.value else "(-)" if option.refused else "( )"
    head = f"{mark} {option.label}"
    detail = option.detail
    if len(detail) == 1:
        head, detail = f"{head} - {detail[0]}", ()
    if option.refused:
        detail = (f"! unavailable: {option.refused}", *detail)
    return head, detail


def check_text(check: Check) -> tuple[str, tuple[str, ...]]:
    """The first line of something to have or not, and the lines below it."""
    mark = "[x]" if check.value else "[-]" if check.refused else "[ ]"
    head, detail = f"{mark} {check.label}", check.detail
    if len(detail) == 1:
        head, detail = f"{head} - {detail[0]}", ()
    return head, (f"! not now: {check.refused}", *detail) if check.refused else detail


def command_text(command: Command) -> tuple[str, tuple[str, ...]]:
    """The line of a command; what cannot be done now is in round brackets, with the reason."""
    label = f"{command.key}: {command.label}" if command.key else command.label
    if command.refused:
        return f"( {label} )", (f"! not now: {command.refused}",)
    return f"< {label} >", ()


def _entry(item: Text | SecretText, text: str, hint: str, width: int) -> EntryRow:
    secret = isinstance(item, SecretText)
    return EntryRow(
        item.id, item.label, text, hint=hint, width=width, secret=secret, limit=item.limit
    )


def _tight(item: Item) -> bool:
    """Lines to type in, and commands, stand close together."""
    return isinstance(item, Text | SecretText | Command | Row | Check)


def _shape(form: Form) -> tuple[object, ...]:
    """What must be the same for the rows to stay; values of fields may differ."""
    return tuple(_item_shape(item) for item in form.items)


def _item_shape(item: Item) -> object:
    match item:
        case Note() | Command() | Row():
            return item
        case Check():
            return (item.id, item.label, item.detail, item.refused)
        case Text():
            return (item.id, item.label, item.hint)
        case SecretText():
            return (item.id, item.label, item.kept)
        case Choice():
            return (item.id, item.label, item.options)
