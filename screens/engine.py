"""What the screens ask of the engine; :mod:`installer.command.screens_engine` answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from installer.config.recovery import ShownOnce
from installer.events import Emit
from installer.machine.facts import Disk, Machine
from installer.plan.storage.model import Layout, StoragePlan
from installer.secret import Secret
from ks_schema.problem import Problem


class ActionView(Protocol):
    """A step of the plan."""

    def describe(self) -> str:
        """What it does, in one line."""


class PhaseView(Protocol):
    """Steps that belong together."""

    @property
    def title(self) -> str:
        """What people call it."""

    @property
    def actions(self) -> Sequence[ActionView]:
        """Its steps, in their order."""


class PlanView(Protocol):
    """The part of an installation plan that the screens read."""

    @property
    def disk(self) -> Disk:
        """The disk that the host starts from."""

    @property
    def storage(self) -> StoragePlan:
        """What will lie on all the disks."""

    @property
    def shown_once(self) -> tuple[ShownOnce, ...]:
        """What is to be shown once, after a success."""

    @property
    def losses(self) -> tuple[str, ...]:
        """What will be lost, a line each."""

    @property
    def defaults(self) -> tuple[str, ...]:
        """What the planner decided because nobody said, a line each."""

    @property
    def warnings(self) -> tuple[str, ...]:
        """What can be done and may not be meant, a line each."""

    @property
    def phases(self) -> Sequence[PhaseView]:
        """Everything that will be done, phase by phase."""


class Engine(Protocol):
    """Everything that the screens ask of the engine.

    ``probe``, ``plan``, ``install``, ``save``, ``save_text``, ``hash`` and ``load_keyboard`` may
    take long and run in a thread; they raise :class:`installer.errors.InstallerError`.
    """

    def probe(self) -> Machine:
        """The machine as it is now."""

    def check(self, document: Mapping[str, Any]) -> tuple[Problem, ...]:
        """Every finding about the document: schema, then the rules across fields."""

    def plan(self, document: Mapping[str, Any], machine: Machine, seed: str) -> PlanView:
        """The plan that the document gives on that machine."""

    def layout(self, document: Mapping[str, Any], machine: Machine, seed: str) -> Layout:
        """What the document would make of the disks, or why it cannot; at once."""

    def parts(self, document: Mapping[str, Any], machine: Machine) -> dict[str, Any]:
        """The document's ``storage`` said in parts, to be edited from there.

        :raises KickstartInvalid: what it says of storage is not valid.
        """

    def install(self, plan: PlanView, emit: Emit, cancelled: Callable[[], bool]) -> None:
        """Carry the plan out; progress comes as events."""

    def save(self, document: Mapping[str, Any], place: str) -> None:
        """Write the document as a kickstart at a place of :mod:`installer.engine.saving`."""

    def save_text(self, text: str, place: str) -> None:
        """Write a text there."""

    def hash(self, plain: Secret, *, menu: bool = False) -> str:
        """The hash of a password: crypt(5), or for the boot menu GRUB's own."""

    def load_keyboard(self, keyboard: str) -> None:
        """Give the machine's screen that keyboard layout."""

    def picture(self, key: Secret) -> tuple[str, ...]:
        """A recovery key as the lines of a QR code; none where it cannot be drawn."""

    def refusal(self, disk: Disk) -> str:
        """Why nothing can be installed on that disk; "" when it can."""
