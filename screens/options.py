"""How the screens run, and why they ended; the same for every renderer."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from screens.session import Paths


class Outcome(StrEnum):
    """Why the screens ended."""

    QUIT = "quit"
    REBOOT = "reboot"
    POWEROFF = "poweroff"


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How the screens run. ``interval`` is the least time between two repaints of the progress,
    in seconds; ``log`` is the file that the engine writes."""

    seed: str
    console: str = ""
    baud: int = 0
    interval: float = 0.3
    paths: Paths = field(default_factory=Paths)
    log: str = "/run/photon-installer/install.log"
