"""Who may log in: root's password, and one user with a password, a key and perhaps sudo."""

from __future__ import annotations

from screens.forms import Choice, Form, Note, Option, SecretText, Text
from screens.steps.step import Step, View

_SUDO = (
    Option(value="password", label="Yes, with the user's password"),
    Option(value="no_password", label="Yes, without asking"),
    Option(value="none", label="No"),
)


def form(view: View) -> Form:
    """Ask for the accounts; what is empty stays locked."""
    draft = view.draft
    return Form(
        items=(
            Note(
                text="Set a password or an SSH key for root or for a user.\n"
                "Accounts without a password cannot log in with one."
            ),
            SecretText(
                id="root_password",
                label="Root password",
                value=draft.root_password,
                kept=bool(draft.root_hash),
            ),
            SecretText(id="root_password_again", label="Confirm", value=draft.root_password_again),
            Text(id="user_name", label="User name", value=draft.user_name, width=32),
            Text(id="user_full_name", label="Full name", value=draft.user_full_name, width=32),
            SecretText(
                id="user_password",
                label="User's password",
                value=draft.user_password,
                kept=bool(draft.user_hash),
            ),
            SecretText(id="user_password_again", label="Confirm", value=draft.user_password_again),
            Text(
                id="ssh_key",
                label="SSH public key",
                value=draft.ssh_key,
                hint="root's if no user",
                width=34,
            ),
            Text(
                id="user_groups",
                label="Additional groups",
                value=draft.user_groups,
                hint="docker: access as root",
                width=30,
            ),
            Choice(
                id="user_sudo",
                label="Administrator (sudo)",
                value=draft.user_sudo,
                options=_SUDO,
            ),
        ),
        start="root_password",
    )


STEP = Step(id="accounts", title="Root and user", form=form)
