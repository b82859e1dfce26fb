"""Everything that is wrong with a draft, found as the kickstart's own check and plan find it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from installer.errors import InstallerError, KickstartInvalid, ProblemsFound
from installer.machine.facts import Machine
from ks_schema.problem import Problem
from screens.draft import draft as drafts
from screens.draft.draft import Draft
from screens.engine import Engine
from screens.forms import FieldProblem
from screens.steps.form_checks import form_problems

Findings = Mapping[str, FieldProblem]


def findings(draft: Draft, machine: Machine | None, engine: Engine, seed: str) -> Findings:
    """What is wrong, by field; "" is for what belongs to no field.

    It takes longer than a key may, and changes nothing: a thread may do it.
    """
    disks = machine.disks if machine else ()
    usable = any(not engine.refusal(each) for each in disks)
    found: dict[str, FieldProblem] = {}
    for gap in form_problems(draft, machine, usable=usable):
        found.setdefault(gap.field, gap)
    document = draft.document_to_check()
    layout: tuple[Problem, ...] = ()
    if machine is not None and draft.disk:
        layout = engine.layout(document, machine, seed).problems
    said = (*engine.check(document), *layout)
    for problem in said:
        field = drafts.field_of(draft, problem.pointer)
        found.setdefault(field, _at_field(problem, field))
    for problem in _refused(draft, machine, engine, seed, said):
        field = drafts.field_of(draft, problem.pointer)
        # Where no field alone is meant, another screen may be what must change.
        shared = not drafts.is_own_place(draft, problem.pointer)
        refused = replace(_at_field(problem, field), planned=True, shared=shared)
        found.setdefault(field, refused)
    return found


def _at_field(problem: Problem, field: str) -> FieldProblem:
    return FieldProblem(field=field, message=problem.message, hint=problem.hint)


def _refused(
    draft: Draft,
    machine: Machine | None,
    engine: Engine,
    seed: str,
    said: tuple[Problem, ...],
) -> Iterator[Problem]:
    """What only the plan refuses: it is shown beside its field, not only on the last screen.

    What is wrong elsewhere, or not asked for yet, is left out of the plan.
    """
    wrong = {each.pointer.split("/")[1] for each in said if each.pointer}
    if machine is None or not draft.disk or wrong & {"disks", "storage"}:
        return
    try:
        engine.plan(draft.document_to_plan(wrong), machine, seed)
    except KickstartInvalid:
        return  # too much is left out
    except ProblemsFound as refused:
        yield from refused.problems
    except InstallerError:
        return  # there is no payload to plan with, as the review says
