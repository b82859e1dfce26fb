"""What the screens ask of the engine, answered by :mod:`installer.api`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, cast

from installer import api
from installer.command.recovery_notice import qr_lines
from installer.config.boot import BootMode
from installer.config.keyboard import keyboard_from_text
from installer.config.password_hash import account_hash, menu_hash
from installer.events import Emit
from installer.machine.facts import Disk, Machine
from installer.payload.index import PayloadIndex
from installer.plan.disks import unfit_reason
from installer.plan.layouts import as_custom_layout, layout
from installer.plan.model import InstallPlan
from installer.plan.room import least_disk_size
from installer.plan.storage.model import Layout
from installer.secret import Secret
from ks_schema import Document, Problem
from screens.engine import PlanView


class ApiEngine:
    """The real :class:`screens.engine.Engine`."""

    def __init__(self) -> None:
        self._payload: PayloadIndex | None = None
        self._mode = BootMode.EFI

    def probe(self) -> Machine:
        """The machine, and the payload with it: what is too small depends on both."""
        machine = api.probe_machine(lambda _event: None)
        self._mode = BootMode(machine.firmware.mode.value)
        self._payload = api.payload_index()
        return machine

    def check(self, document: Mapping[str, Any]) -> tuple[Problem, ...]:
        """Schema and rules."""
        return api.check(document)

    def plan(self, document: Mapping[str, Any], machine: Machine, seed: str) -> PlanView:
        """The plan for a draft."""
        payload = self._payload or api.payload_index()
        return api.prepare(Document(data=document), machine, payload, seed=seed)

    def layout(self, document: Mapping[str, Any], machine: Machine, seed: str) -> Layout:
        """What the draft would make of the disks."""
        return layout(document, machine, seed=seed)

    def parts(self, document: Mapping[str, Any], machine: Machine) -> dict[str, Any]:
        """The draft's layout in parts."""
        return as_custom_layout(document, machine)

    def install(self, plan: PlanView, emit: Emit, cancelled: Callable[[], bool]) -> None:
        """Carry out what :meth:`plan` gave."""
        api.install(cast("InstallPlan", plan), emit=emit, cancelled=cancelled)

    def save(self, document: Mapping[str, Any], place: str) -> None:
        """Write the draft as a kickstart."""
        api.save_kickstart(document, place)

    def save_text(self, text: str, place: str) -> None:
        """Write a text."""
        api.save_text(text, place)

    def hash(self, plain: Secret, *, menu: bool = False) -> str:
        """The hash, as the kickstart would get it."""
        if menu:
            return menu_hash(plain).reveal()
        return account_hash(plain).reveal()

    def load_keyboard(self, keyboard: str) -> None:
        """Load it, in the live system."""
        api.load_keyboard(keyboard_from_text(keyboard), lambda _event: None)

    def picture(self, key: Secret) -> tuple[str, ...]:
        """The QR code of a recovery key, drawn in half blocks."""
        return tuple(qr_lines(key.reveal()))

    def refusal(self, disk: Disk) -> str:
        """Why the disk cannot be used at all, whatever else is chosen."""
        return unfit_reason(disk) or disk_refusal(disk, self._payload, self._mode)


def disk_refusal(disk: Disk, payload: PayloadIndex | None, mode: BootMode) -> str:
    """Why not even the smallest tree of the payload fits; "" when it does."""
    if payload is None or not payload.trees:
        return ""
    smallest = min(payload.trees, key=lambda tree: tree.installed_size)
    return "too small" if disk.size < least_disk_size(smallest, mode) else ""
