"""The review: which disk, what will be lost, what was decided, what will be done."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from installer.errors import InstallerError
from installer.machine.facts import Disk
from installer.plan.storage.model import PlannedDisk, StoragePlan
from screens.engine import PlanView
from screens.forms import Command, FieldProblem, Form, Item, Note, Tone
from screens.steps.disk import disk_details, disk_line
from screens.steps.step import Step, View

SAVE = Command(id="save", label="Save as kickstart")
RETRY = Command(id="rescan", label="Rescan hardware")


def form(view: View) -> Form:
    """Show the plan, or why there is none."""
    if view.problems:
        return Form(items=tuple(_problem_items(view.problems)), next_label="Install")
    if view.error:
        items = tuple(_error_items(view.error, view.refused))
        return Form(items=items, commands=(RETRY,), start=RETRY.id, next_label="Install")
    if view.plan is None:
        return Form(items=(Note(text="Preparing the plan..."),))
    items = tuple(_plan_items(view.plan, view.wiped, view.choices))
    return Form(items=items, commands=(SAVE,), next_label="Install")


@dataclass(frozen=True, slots=True, kw_only=True)
class DiskChange:
    """A disk, whether all that is on it goes, and what is done with it in a sentence.

    ``loses``: it loses data, be it all of it or some.
    """

    disk: Disk
    erased: bool
    text: str
    loses: bool = True


def disk_changes(storage: StoragePlan, wiped: tuple[Disk, ...]) -> tuple[DiskChange, ...]:
    """What happens to each disk that is used, the one that the host starts from first.

    ``wiped`` are those that are only erased.
    """
    text = "This disk will be erased and left empty"
    empty = (DiskChange(disk=each, erased=True, text=text) for each in wiped)
    return (*(_change(each) for each in storage.disks), *empty)


def _change(planned: PlannedDisk) -> DiskChange:
    if not planned.keep:
        return DiskChange(disk=planned.disk, erased=True, text="This disk will be erased")
    changed = any(each.new_size or each.overwritten for each in planned.kept)
    if not planned.deleted and not changed:
        text = "Photon goes into free space; existing partitions on this disk are kept"
        return DiskChange(disk=planned.disk, erased=False, text=text, loses=False)
    text = "Partitions on this disk are changed; the others are kept"
    return DiskChange(disk=planned.disk, erased=False, text=text)


def _plan_items(
    plan: PlanView, wiped: tuple[Disk, ...], choices: tuple[str, ...]
) -> Iterator[Item]:
    for change in disk_changes(plan.storage, wiped):
        disk = change.disk
        text = f"! {change.text}: {disk_line(disk)}\n    {disk_details(disk)}"
        yield Note(text=text, tone=Tone.WARNING)
    for line in plan.warnings:
        yield Note(text=f"! {line}", tone=Tone.WARNING)
    losses = plan.losses or ("nothing",)
    yield Note(text="Data that will be lost:\n" + _listed(losses))
    yield Note(text="What you chose:\n" + _listed(choices))
    yield Note(text="Defaults used:\n" + _listed(plan.defaults or ("nothing",)))
    yield Note(text="What will be done", tone=Tone.TITLE)
    for phase in plan.phases:
        actions = tuple(action.describe() for action in phase.actions)
        yield Note(text=f"{phase.title}:\n" + _listed(actions))


def _error_items(error: InstallerError, refused: tuple[FieldProblem, ...]) -> Iterator[Item]:
    yield Note(text="The installation cannot start:", tone=Tone.TITLE)
    for problem in refused or (FieldProblem(field="", message=error.message, hint=error.hint),):
        yield Note(text=f"! {problem.message}", tone=Tone.PROBLEM)
        if problem.hint:
            yield Note(text=problem.hint)
    yield Note(text="Go back and change it, or rescan the hardware once the machine has changed.")


def _problem_items(problems: tuple[FieldProblem, ...]) -> Iterator[Item]:
    yield Note(text="Some answers contradict each other:", tone=Tone.TITLE)
    for problem in problems:
        yield Note(text=f"! {problem}", tone=Tone.PROBLEM)
    yield Note(text="Go back and change them.")


def _listed(lines: tuple[str, ...]) -> str:
    return "\n".join(f"  - {line}" for line in lines)


STEP = Step(id="review", title="Review", form=form)
