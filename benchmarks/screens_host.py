"""The screens on a machine out of a file: what benchmarks.screens types into.

    python -m benchmarks.screens_host MACHINE.json FOLDER

The real engine, but for looking at the machine, for the payload (there is none to read here) and
for installing, which it refuses. FOLDER gets the session's lock.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from installer import api
from installer.command.screens_engine import ApiEngine
from installer.config.packages import KernelFlavour, PackageSet
from installer.errors import Cancelled
from installer.events import Emit
from installer.machine.facts import Disk, Machine, machine_from_json
from installer.payload.index import PayloadImage, PayloadIndex, PayloadTree
from installer.plan.storage.model import Layout
from installer.secret import Secret
from installer.sizes import MIB
from ks_schema import Document, Problem
from screens.engine import PlanView
from screens.full_screen.app import App
from screens.options import Options
from screens.session import Paths

_LONGEST = 10.0


class FileEngine:
    """The engine of a machine that is only a description."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._real = ApiEngine()

    def probe(self) -> Machine:
        """The description."""
        return self._machine

    def check(self, document: Mapping[str, Any]) -> tuple[Problem, ...]:
        """As the real engine does."""
        return self._real.check(document)

    def plan(self, document: Mapping[str, Any], machine: Machine, seed: str) -> PlanView:
        """A real plan, for a payload with every tree."""
        return api.prepare(Document(data=document), machine, _payload(), seed=seed)

    def install(self, plan: PlanView, emit: Emit, cancelled: Callable[[], bool]) -> None:
        """Refuse."""
        del plan, emit, cancelled
        raise Cancelled("This machine is a file.")

    def save(self, document: Mapping[str, Any], place: str) -> None:
        """As the real engine does."""
        self._real.save(document, place)

    def save_text(self, text: str, place: str) -> None:
        """As the real engine does."""
        self._real.save_text(text, place)

    def hash(self, plain: Secret, *, menu: bool = False) -> str:
        """As the real engine does."""
        return self._real.hash(plain, menu=menu)

    def refusal(self, disk: Disk) -> str:
        """As the real engine does."""
        return self._real.refusal(disk)

    def layout(self, document: Mapping[str, Any], machine: Machine, seed: str) -> Layout:
        """As the real engine does."""
        return self._real.layout(document, machine, seed)

    def parts(self, document: Mapping[str, Any], machine: Machine) -> dict[str, Any]:
        """As the real engine does."""
        return self._real.parts(document, machine)

    def load_keyboard(self, keyboard: str) -> None:
        """Leave the keyboard of this terminal as it is."""

    def picture(self, key: Secret) -> tuple[str, ...]:
        """As the real engine does."""
        return self._real.picture(key)


def _payload() -> PayloadIndex:
    image = PayloadImage(file="root.squashfs", size=MIB, sha256="0" * 64)
    trees = tuple(
        PayloadTree(
            name=f"{size}-{kernel}",
            set=size,
            kernel=kernel,
            image=image,
            path=f"{size}-{kernel}",
            kernel_version="6.12.0",
            installed_size=400 * MIB,
            units=frozenset({"docker.service", "ssh.service"}),
            groups=frozenset({"sudo", "docker"}),
        )
        for size in PackageSet
        for kernel in KernelFlavour
    )
    return PayloadIndex(source="/nowhere", edition="Photon", trees=trees)


def main(machine: str, folder: str) -> None:
    """Show the screens until they are quit."""
    described = machine_from_json(json.loads(Path(machine).read_text(encoding="utf-8")))
    options = Options(seed="0" * 32, console="ttyS0", paths=Paths(folder=Path(folder)))
    app = App(FileEngine(described), options)
    # Keys are measured here, not the look at the machine.
    app.worker.wait(_LONGEST)
    app.worker.drain()
    app.run()


if __name__ == "__main__":
    main(*sys.argv[1:])
