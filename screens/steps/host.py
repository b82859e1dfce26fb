"""The host's name, and its locale and time zone."""

from __future__ import annotations

from screens.forms import Form, Note, Text
from screens.steps.step import Step, View


def form(view: View) -> Form:
    """Three short fields, each with a default."""
    draft = view.draft
    return Form(
        items=(
            Note(text="Host name and region"),
            Text(
                id="hostname",
                label="Host name",
                value=draft.hostname,
                hint="letters, digits, -",
                width=30,
            ),
            Text(
                id="locale", label="Locale", value=draft.locale, hint="like en_GB.UTF-8", width=20
            ),
            Text(
                id="timezone",
                label="Time zone",
                value=draft.timezone,
                hint="like UTC, Europe/Paris",
                width=20,
            ),
        ),
        start="hostname",
    )


STEP = Step(id="host", title="Host", form=form)
