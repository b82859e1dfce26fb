"""What will be done, as data: a frozen tree of phases and actions."""

from __future__ import annotations

from dataclasses import dataclass, fields, is_dataclass
from enum import Enum
from typing import Any

from installer.actions.action import Action
from installer.config.recovery import ShownOnce
from installer.machine.facts import Disk
from installer.machine.text import disks_text
from installer.payload.index import PayloadIndex, PayloadTree
from installer.plan.storage.model import StoragePlan
from installer.secret import MASK, Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class Phase:
    """Actions that belong together, under the title that people see."""

    id: str
    title: str
    actions: tuple[Action, ...]

    @property
    def weight(self) -> float:
        """The sum of the actions' weights."""
        return sum(action.weight for action in self.actions)


@dataclass(frozen=True, slots=True, kw_only=True)
class InstallPlan:
    """Everything that will happen.

    ``losses`` has a line for each thing that is on the disk now and will be gone; ``defaults`` a
    line for each decision that the kickstart left to the planner, ``warnings`` one for each thing
    that can be done and may not be meant. ``disk`` is the first of those that ``storage`` uses,
    ``wiped`` are the further ones that are only erased. ``shown_once`` are the secrets that were
    drawn: people get to see them after a success.
    """

    seed: str
    disk: Disk
    storage: StoragePlan
    tree: PayloadTree
    payload: PayloadIndex
    phases: tuple[Phase, ...]
    losses: tuple[str, ...]
    defaults: tuple[str, ...]
    on_success: str
    warnings: tuple[str, ...] = ()
    wiped: tuple[Disk, ...] = ()
    shown_once: tuple[ShownOnce, ...] = ()

    @property
    def disks(self) -> tuple[Disk, ...]:
        """Every disk that is used, the one that the host starts from first."""
        return tuple(each.disk for each in self.storage.disks)

    def describe(self) -> str:
        """The plan for people: what is lost, what was decided, what is done, line by line."""
        lines = [f"Install {self.tree.name} ({self.payload.edition}) onto {disks_text(self.disks)}"]
        lines += ["", "Lost:", *(f"  {line}" for line in self.losses or ("nothing",))]
        if self.warnings:
            lines += ["", "Warnings:", *(f"  ! {line}" for line in self.warnings)]
        lines += ["", "Decided:", *(f"  {line}" for line in self.defaults or ("nothing",))]
        for phase in self.phases:
            lines += ["", f"{phase.title}:"]
            lines += [f"  {action.describe()}" for action in phase.actions]
        return "\n".join(lines) + "\n"

    def to_json(self) -> dict[str, Any]:
        """The plan as plain data, secrets masked."""
        return {
            "seed": self.seed,
            "disks": [plain(disk) for disk in self.disks],
            "tree": self.tree.name,
            "losses": list(self.losses),
            "warnings": list(self.warnings),
            "defaults": list(self.defaults),
            "phases": [
                {
                    "id": phase.id,
                    "title": phase.title,
                    "actions": [
                        {"action": type(action).__name__, **plain(action)}
                        for action in phase.actions
                    ],
                }
                for phase in self.phases
            ],
            "on_success": self.on_success,
        }


def plain(value: Any) -> Any:
    """A frozen value as JSON data; a secret becomes its mask."""
    match value:
        case Secret():
            return MASK
        case Enum():
            return value.value
        case tuple():
            return [plain(each) for each in value]
        case frozenset():
            return sorted(plain(each) for each in value)
    if is_dataclass(value):
        return {each.name: plain(getattr(value, each.name)) for each in fields(value)}
    return value
