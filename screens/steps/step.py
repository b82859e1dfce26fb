"""A step of the walk: its stable id, its title, and its form as a function of what is known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from installer.errors import InstallerError
from installer.machine.facts import Disk, Machine
from screens.draft.draft import Draft
from screens.engine import PlanView
from screens.forms import FieldProblem, Form


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What a step may look at when it makes its form. ``error`` is the last thing that failed,
    ``wiped`` are the disks that are only erased, ``choices`` is what was said on the other screens,
    ``refused`` what the planner finds wrong with that on this machine, and ``keyboard_note`` why
    the screen does not have the chosen keyboard layout.
    """

    draft: Draft
    console: str
    machine: Machine | None
    refusal: Callable[[Disk], str]
    plan: PlanView | None
    error: InstallerError | None
    problems: tuple[FieldProblem, ...]
    wiped: tuple[Disk, ...] = ()
    choices: tuple[str, ...] = ()
    refused: tuple[FieldProblem, ...] = ()
    keyboard_note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One screen. ``id`` is what automation waits for in the header."""

    id: str
    title: str
    form: Callable[[View], Form]
