"""The step that makes an array (Linux md RAID) of partitions or whole disks."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from pathlib import Path

from installer.actions.context import Context
from installer.actions.storage.disk import await_node
from installer.identifiers import mdadm_uuid
from installer.raid import raid_level


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateArray:
    """Make an array and start it. ``members`` and ``spares`` are references; ``uuid`` is a UUID."""

    reference: str
    name: str
    level: int
    uuid: str
    members: tuple[str, ...]
    spares: tuple[str, ...] = ()
    weight: float = 2.0

    def describe(self) -> str:
        """See :class:`~installer.actions.action.Action`."""
        spares = f", spare {', '.join(self.spares)}" if self.spares else ""
        members = ", ".join(self.members)
        return f"make the array {self.name}, RAID {self.level} of {members}{spares}"

    def check(self, context: Context) -> None:
        """Nothing to look at before the members are there."""

    def run(self, context: Context) -> None:
        """Make it. The first synchronisation begins at once: there is no way back from here."""
        context.begin_format()
        # By number: the link by name is udev's work, for which mdadm waits in vain in some systems.
        node = free_node()
        # Others have nothing to resynchronise after a crash.
        bitmap = ["--bitmap=internal"] if raid_level(self.level).is_redundant else []
        spare = [f"--spare-devices={len(self.spares)}"] if self.spares else []
        context.runner.run(
            [
                "mdadm",
                "--create",
                node,
                "--run",
                "--quiet",
                "--metadata=1.2",
                # No host's name in front of the array's, so that it is called the same everywhere.
                "--homehost=any",
                f"--name={self.name}",
                f"--uuid={mdadm_uuid(self.uuid)}",
                f"--level={self.level}",
                f"--raid-devices={len(self.members)}",
                *spare,
                *bitmap,
                *(context.node(each) for each in (*self.members, *self.spares)),
            ]
        )
        context.on_undo(
            f"stop the array {self.name}", lambda: context.runner.run(["mdadm", "--stop", node])
        )
        await_node(context, node)
        context.nodes[self.reference] = node


def free_node() -> str:
    """The first number that no array has."""
    numbers = itertools.count()
    return next(f"/dev/md{each}" for each in numbers if not Path(f"/sys/block/md{each}").exists())
