"""Types keys into the screens without a terminal, and reads the 80x24 picture."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

import urwid

from installer import api
from installer.command.recovery_notice import qr_lines
from installer.command.screens_engine import disk_refusal
from installer.config.boot import BootMode
from installer.config.packages import KernelFlavour, PackageSet
from installer.errors import Cancelled, InstallerError
from installer.events import Emit, Event, Message
from installer.machine.facts import Disk, Machine, machine_from_json
from installer.payload.index import PayloadImage, PayloadIndex, PayloadTree
from installer.plan.disks import unfit_reason
from installer.plan.layouts import as_custom_layout, layout
from installer.plan.model import InstallPlan
from installer.plan.storage.model import Layout
from installer.secret import Secret
from ks_schema import Document, Problem
from screens.engine import PlanView
from screens.full_screen.app import App
from screens.options import Options, Outcome
from screens.session import Paths

MACHINES = Path(__file__).parent.parent / "machines"
SIZE = (80, 24)
_FOCUS = re.compile(r"(?:^ *|\| | {2,}| (?=> [<(] ))(> +\S.*)")
SEED = "00112233445566778899aabbccddeeff"
HASH = "$6$rounds=5000$saltsaltsaltsalt$" + "a" * 86
MENU_HASH = f"grub.pbkdf2.sha512.10000.{'A1' * 64}.{'B2' * 64}"


def payload() -> PayloadIndex:
    """A payload with all four trees, none of which exists."""
    image = PayloadImage(file="root.squashfs", size=1 << 20, sha256="0" * 64)
    trees = tuple(
        PayloadTree(
            name=f"{kind.value}-{kernel.value}",
            set=kind,
            kernel=kernel,
            image=image,
            path=f"{kind.value}-{kernel.value}",
            kernel_version="6.12.0",
            installed_size=(400 if kind is PackageSet.MINIMAL else 1400) << 20,
        )
        for kind in PackageSet
        for kernel in KernelFlavour
    )
    return PayloadIndex(source="/nowhere", edition="Photon 1", trees=trees)


def machine(name: str, **firmware: Any) -> Machine:
    """The machine from its file, with what is different in its firmware."""
    found = machine_from_json(json.loads((MACHINES / f"{name}.json").read_text("utf-8")))
    return replace(found, firmware=replace(found.firmware, **firmware))


@dataclass(kw_only=True)
class MemoryEngine:
    """The real check and the real planner, on a machine from a file; nothing is installed."""

    machine: Machine
    script: tuple[Event, ...] = ()
    error: InstallerError | None = None
    hold: threading.Event | None = None
    probes: int = 0
    installed: list[InstallPlan] = field(default_factory=list)
    keyboards: list[str] = field(default_factory=list)
    keyboard_error: InstallerError | None = None
    keyboard_hold: threading.Event | None = None

    def probe(self) -> Machine:
        self.probes += 1
        return self.machine

    def check(self, document: Mapping[str, Any]) -> tuple[Problem, ...]:
        return api.check(document)

    def plan(self, document: Mapping[str, Any], machine: Machine, seed: str) -> PlanView:
        return api.prepare(Document(data=document), machine, payload(), seed=seed)

    def layout(self, document: Mapping[str, Any], machine: Machine, seed: str) -> Layout:
        return layout(document, machine, seed=seed)

    def parts(self, document: Mapping[str, Any], machine: Machine) -> dict[str, Any]:
        return as_custom_layout(document, machine)

    def install(self, plan: PlanView, emit: Emit, cancelled: Callable[[], bool]) -> None:
        self.installed.append(cast("InstallPlan", plan))
        for event in self.script:
            emit(event)
        while self.hold is not None and not self.hold.wait(0.01):
            if cancelled():
                emit(Message(level="info", text="unwinding"))
                raise Cancelled("The installation was cancelled.")
        if self.error:
            raise self.error

    def save(self, document: Mapping[str, Any], place: str) -> None:
        api.save_kickstart(document, place)

    def save_text(self, text: str, place: str) -> None:
        api.save_text(text, place)

    def hash(self, plain: Secret, *, menu: bool = False) -> str:
        assert plain.reveal()
        return MENU_HASH if menu else HASH

    def load_keyboard(self, keyboard: str) -> None:
        if self.keyboard_hold is not None:
            self.keyboard_hold.wait(10)
        self.keyboards.append(keyboard)
        if self.keyboard_error:
            raise self.keyboard_error

    def picture(self, key: Secret) -> tuple[str, ...]:
        return tuple(qr_lines(key.reveal()))

    def refusal(self, disk: Disk) -> str:
        return unfit_reason(disk) or disk_refusal(disk, payload(), BootMode.EFI)


class Walker:
    """The fixture: ``keys`` types, ``screen`` is what one sees."""

    def __init__(self, engine: MemoryEngine, folder: Path, *, console: str = "tty1") -> None:
        self.engine = engine
        paths = Paths(folder=folder)
        self.app = App(engine, Options(seed=SEED, console=console, paths=paths))
        self.size = SIZE
        self.ended: Outcome | None = None
        self.settle()

    def keys(self, *keys: str) -> Walker:
        """Press keys by urwid's names, one after the other."""
        for key in keys:
            try:
                self.app.widget.keypress(self.size, key)
            except urwid.ExitMainLoop:
                self.ended = self.app.outcome
            self.settle()
        return self

    def type(self, text: str) -> Walker:
        return self.keys(*text)

    def settle(self) -> None:
        """Let the work in the threads end, as the main loop would; an installation may go on."""
        deadline = time.monotonic() + 10
        while True:
            self.app.checks.begin()
            if self.app.worker.drain():
                self.app.refresh()
            installing = (
                self.app.conductor.installation is not None
                and not self.app.conductor.installation.over
            )
            checked = not (self.app.walk.stale or self.app.checks.awaited)
            if self.app._busy is None and checked and (installing or not self.app.worker.busy):
                break
            assert time.monotonic() < deadline, "the work does not end"
            time.sleep(0.0005)
        self.app.worker.drain()
        self.app.refresh()

    @property
    def lines(self) -> list[str]:
        canvas = self.app.widget.render(self.size, True)
        return [line.decode() for line in canvas.text]

    @property
    def screen(self) -> str:
        return "\n".join(line.rstrip() for line in self.lines)

    @property
    def id(self) -> str:
        return self.lines[0].partition("[")[2].partition("]")[0]

    @property
    def focus(self) -> str:
        """The line that is marked as having the focus."""
        found = (_FOCUS.search(line) for line in self.lines)
        return next((match.group(1).strip() for match in found if match), "")

    def go(self, screen_id: str) -> Walker:
        """Press F10 until that screen is there."""
        for _ in range(12):
            if self.id == screen_id:
                return self
            self.keys("f10")
        raise AssertionError(f"never came to {screen_id}:\n{self.screen}")

    def field(self, label: str) -> Walker:
        """Tab to the field with that label."""
        for _ in range(40):
            if self.focus.startswith(f"> {label}"):
                return self
            self.keys("tab")
        raise AssertionError(f"no field {label}:\n{self.screen}")

    def fill(self, label: str, text: str) -> Walker:
        """Replace what is in a field."""
        self.field(label)
        self.keys("end", *["backspace"] * 64)
        return self.type(text)
