"""The forms of the steps, made from what the walk knows; and which screen a problem belongs to."""

from __future__ import annotations

from dataclasses import replace

from installer.errors import InstallerError, ProblemsFound
from screens.draft import draft as drafts
from screens.forms import FieldProblem, Form
from screens.steps import accounts, boot, disk, host, network, packages, review, storage, welcome
from screens.steps.step import Step, View
from screens.walk.choices import choices_line
from screens.walk.findings import Findings

STEPS: tuple[Step, ...] = (
    welcome.STEP,
    disk.STEP,
    storage.STEP,
    boot.STEP,
    packages.STEP,
    network.STEP,
    host.STEP,
    accounts.STEP,
    review.STEP,
)


def reviewed(view: View, found: Findings) -> View:
    """What the review shows beside the plan: every problem, what the plan refused, the choices."""
    return replace(
        view,
        problems=review_problems(view, found),
        choices=_choices(view),
        refused=_refused(view, view.error),
    )


def review_problems(view: View, found: Findings) -> tuple[FieldProblem, ...]:
    """Every problem, with the screen it belongs to; those of the plan are shown with its error."""
    return tuple(
        replace(problem, message=f"{_place(view, problem.field)}{problem.message}")
        for problem in found.values()
        if not problem.planned
    )


def label_of(form: Form, field: str) -> str:
    """What people read beside a field of the form; "" when it has none of that name."""
    return next((item.label for item in form.fields() if item.id == field), "")


def _refused(view: View, error: InstallerError | None) -> tuple[FieldProblem, ...]:
    """What the planner found, with the screen it belongs to."""
    if not isinstance(error, ProblemsFound):
        return ()
    found = ((drafts.field_of(view.draft, each.pointer), each) for each in error.problems)
    return tuple(
        FieldProblem(field=field, message=f"{_place(view, field)}{each.message}", hint=each.hint)
        for field, each in found
    )


def _choices(view: View) -> tuple[str, ...]:
    """What was chosen on the screens, except for that of the disk, which the plan shows."""
    steps = (each for each in STEPS[:-1] if each is not disk.STEP)
    found = (choices_line(each.title, form_alone(each, view), view.draft) for each in steps)
    return tuple(line for line in found if line)


def _place(view: View, field: str) -> str:
    for step in STEPS[:-1]:
        if field in form_alone(step, view).field_ids():
            return f"{step.title}: "
    return ""


def form_alone(step: Step, view: View) -> Form:
    """The form of a step from the answers and the machine alone."""
    return step.form(replace(view, plan=None, error=None, wiped=(), keyboard_note=""))
