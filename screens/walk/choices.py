"""What was chosen on the screens, a line for each, to be read again before it is done."""

from __future__ import annotations

from screens.draft.draft import NOTHING, Draft
from screens.forms import Check, Choice, Field, Form, SecretText, Text

_LONGEST = 48
_HEAD, _TAIL = 26, 19


def choices_line(title: str, form: Form, draft: Draft) -> str:
    """What was chosen on the screen ``title``; "" when all of it is left to the planner."""
    chosen = "; ".join(text for field in form.fields() if (text := _chosen(field, draft)))
    return f"{title}: {chosen.removeprefix(f'{title}: ')}" if chosen else ""


def _chosen(field: Field, draft: Draft) -> str:
    """A field and its value; what is empty was not chosen, and secrets are never shown."""
    match field:
        case Check():
            usual = bool(getattr(_UNTOUCHED, field.id, ""))
            return field.label if field.value else f"{field.label}: no" if usual else ""
        case SecretText():
            typed = field.kept or field.value != NOTHING
            return f"{field.label}: set" if typed and field.label != "Confirm" else ""
        case Text():
            text = field.value.strip()
            return f"{field.label}: {_short(text)}" if text else ""
        case Choice():
            if not field.value or (field.id == "user_sudo" and not draft.user_name):
                return ""
            label = next((each.label for each in field.options if each.value == field.value), "")
            return f"{field.label}{'' if field.label.endswith('?') else ':'} {label}"


_UNTOUCHED = Draft()


def _short(text: str) -> str:
    """Keys differ at their beginning and at their end."""
    return text if len(text) <= _LONGEST else f"{text[:_HEAD]}...{text[-_TAIL:]}"
