"""Steps on LVM: volume groups and logical volumes."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from installer.actions.context import Context
from installer.actions.storage.disk import await_node
from installer.errors import MachineUnfit
from installer.sizes import format_size
from ks_schema import Problem

_DEV = Path("/dev")

LINEAR = "linear"
THIN_POOL = "thin_pool"
THIN = "thin"

# A pool grows into what is left when its metadata needs more; so it does not get everything.
POOL_PERCENT = 95
_ALL_FOR_POOL = f"{POOL_PERCENT}%FREE"
_ALL = "100%FREE"


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateVolumeGroup:
    """Make a volume group of members, which are references."""

    name: str
    members: tuple[str, ...]
    weight: float = 0.5

    def describe(self) -> str:
        """See :class:`~installer.actions.action.Action`."""
        return f"make the volume group {self.name} of {', '.join(self.members)}"

    def check(self, context: Context) -> None:
        """Nothing of that name is below /dev: vgcreate would refuse it when the disk is erased.

        A directory of links is that of a group, old or staying, of which the planner knows.
        """
        del context
        place = _DEV / self.name
        if os.path.lexists(place) and not _is_of_a_group(place):
            raise MachineUnfit(
                [
                    Problem(
                        pointer=f"/storage/volume_groups/{self.name}",
                        message=f"this machine has {place} already, where the volume group belongs",
                        hint="use another name, like vg0",
                    )
                ]
            )

    def run(self, context: Context) -> None:
        """Make it. What its volumes will hold is written anywhere: there is no way back."""
        context.begin_format()
        nodes = [context.node(each) for each in self.members]
        context.runner.run(["pvcreate", "--yes", "-ff", "--zero", "y", *nodes])
        context.runner.run(["vgcreate", "--yes", self.name, *nodes])
        context.on_undo(
            f"deactivate the volume group {self.name}",
            lambda: context.runner.run(["vgchange", "--activate", "n", self.name]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateLogicalVolume:
    """Make a logical volume: ``linear``, a ``thin_pool``, or ``thin`` out of a ``pool``.

    ``size`` is in bytes, whole extents of 4 MiB; None is all that is left. That of a thin volume is
    what it pretends to have, and must be said.
    """

    reference: str
    group: str
    name: str
    size: int | None
    kind: str = LINEAR
    pool: str | None = None
    weight: float = 0.5

    def describe(self) -> str:
        """See :class:`~installer.actions.action.Action`."""
        size = "all that is left" if self.size is None else format_size(self.size)
        kind = self.kind.replace("_", " ")
        pool = f" in {self.pool}" if self.pool else ""
        return f"make the {kind} volume {self.group}/{self.name}{pool}, {size}"

    def check(self, context: Context) -> None:
        """Nothing to look at before the group is there."""

    def run(self, context: Context) -> None:
        """Make it; it is active then."""
        node = f"/dev/{self.group}/{self.name}"
        context.runner.run(["lvcreate", "--yes", *self._options(), "--name", self.name, self.group])
        if self.kind != THIN_POOL:  # a pool is no device to be used
            await_node(context, node)
        context.nodes[self.reference] = node

    def _options(self) -> list[str]:
        match self.kind:
            case "linear":
                size = _size(self.size, _ALL)
                return ["--type", "linear", "--wipesignatures", "y", "--zero", "y", *size]
            case "thin_pool":
                return ["--type", "thin-pool", "--zero", "y", *_size(self.size, _ALL_FOR_POOL)]
            case "thin" if self.pool and self.size is not None:
                return ["--type", "thin", "--thinpool", self.pool, "--virtualsize", f"{self.size}b"]
        raise ValueError(f"no volume is made like this: {self}")


def _is_of_a_group(place: Path) -> bool:
    is_directory = place.is_dir() and not place.is_symlink()
    return is_directory and all(each.is_symlink() for each in place.iterdir())


def _size(size: int | None, everything: str) -> list[str]:
    return ["--extents", everything] if size is None else ["--size", f"{size}b"]
