"""What is installed."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

from installer.config.words import ALWAYS, Codec


class PackageSet(StrEnum):
    """How much is installed."""

    MINIMAL = "minimal"
    FULL = "full"


class KernelFlavour(StrEnum):
    """Which of Debian's kernels: ``generic`` drives everything, ``cloud`` virtual machines."""

    GENERIC = "generic"
    CLOUD = "cloud"


# None is the planner's choice, by what the machine needs.
_AUTO = Codec(lambda said: None if said == "auto" else KernelFlavour(said))


@dataclass(frozen=True, slots=True, kw_only=True)
class Packages:
    """The package set and the kernel."""

    # Always written: the set is the first thing that a reader looks for.
    set: Annotated[PackageSet, ALWAYS] = PackageSet.MINIMAL
    kernel: Annotated[KernelFlavour | None, _AUTO] = None
