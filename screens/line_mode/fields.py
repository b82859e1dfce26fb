"""A form in lines: what is printed of it, and how a field gets another value."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

from installer.secret import Secret
from screens.forms import (
    YES,
    Check,
    Choice,
    Command,
    Field,
    FieldProblem,
    Form,
    Note,
    Row,
    SecretText,
    Text,
)
from screens.line_mode.terminal import Terminal, numbered, summary


def show_form(terminal: Terminal, form: Form, problems: Mapping[str, FieldProblem]) -> None:
    """Print a form, with a number for each thing that can be changed or done."""
    say = terminal.say
    number = 0
    for item in (*form.items, *form.commands):
        if isinstance(item, Note):
            say(item.text)
            continue
        number += 1
        if isinstance(item, Row):
            terminal.show(f"  {number}. {item.text}")
            for line in (*([f"! {item.problem}"] if item.problem else []), *item.detail):
                say(f"     {line}")
            continue
        say(f"  {number}. {summary(item)}")
        if not isinstance(item, Command) and _is_wrong(item, problems):
            say(f"     ! {problems[item.id]}")
    say()


def ask_value(field: Field, terminal: Terminal, read: Callable[[str], str]) -> str | None:
    """The value that the person gives a field; None when it stays as it is.

    ``read`` prints a prompt and reads a line.
    """
    match field:
        case Choice():
            return _choice(field, terminal, read)
        case Check() if field.refused and not field.value:
            terminal.say(f"! not now: {field.refused}")
            return None
        case Check():
            return "" if field.value else YES
        case SecretText():
            return _bounded(field, terminal, read(f"{field.label}: "))
        case Text():
            hint = f" ({field.hint})" if field.hint else ""
            terminal.say(f"Press Enter to keep, - to clear.{hint}")
            text = read(f"{field.label} [{field.value}]: ").strip()
            return _bounded(field, terminal, "" if text == "-" else text) if text else None


def _is_wrong(field: Field, problems: Collection[str]) -> bool:
    """An empty field is not wrong yet; what is missing is said at the end."""
    typed = isinstance(field, Text | SecretText)
    return field.id in problems and typed and field.value not in {"", Secret("")}


def _bounded(field: Text | SecretText, terminal: Terminal, text: str) -> str | None:
    if len(text) <= field.limit:
        return text
    terminal.say(
        f"! At most {field.limit} characters fit here, and these are {len(text)}: "
        "nothing was changed."
    )
    return None


def _choice(choice: Choice, terminal: Terminal, read: Callable[[str], str]) -> str | None:
    say = terminal.say
    say(choice.label)
    for number, option in enumerate(choice.options, start=1):
        mark = "*" if option.value == choice.value else "-" if option.refused else " "
        refused = f"  ! unavailable: {option.refused}" if option.refused else ""
        say(f"  {number}. ({mark}) {option.label}{refused}")
        for line in option.detail:
            say(f"         {line}")
    answer = read("Number (Enter to keep): ").strip()
    picked = numbered(choice.options, answer)
    if picked is None:
        if answer:
            say(f"! {answer!r} is not a valid choice")
        return None
    if picked.refused:
        say(f"! unavailable: {picked.refused}")
        return None
    return picked.value
