"""What the editor looks at: the parts, the machine's disks by name, and the layout they give."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from installer.config.boot import BootMode
from installer.machine.facts import Disk, Partition
from installer.plan.storage.model import Layout, PlannedDisk
from screens.draft.custom_layout import disk_names
from screens.draft.history import Storage


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """One state of the editing. ``disks`` are those that can be used, by their names.

    ``tpm2`` says that the machine has a TPM that can open volumes.
    """

    storage: Storage
    disks: Mapping[str, Disk]
    layout: Layout
    mode: BootMode
    tpm2: bool

    def planned(self, name: str) -> PlannedDisk | None:
        """What will lie on a disk, when that can be told and the disk is used."""
        plan = self.layout.plan
        return next((each for each in plan.disks if each.name == name), None) if plan else None

    def keeps(self, name: str) -> bool:
        """The table of the disk is kept, or the disk is left alone altogether."""
        table = self.storage.get("tables", {}).get(name)
        return bool(table.get("keep")) if table is not None else not self.touches(name)

    def touches(self, name: str) -> bool:
        """Something is done with the disk."""
        return name in disk_names(self.storage)

    def deleted(self, name: str) -> tuple[int, ...]:
        """The numbers of the partitions that are deleted one by one."""
        return tuple(self.storage.get("tables", {}).get(name, {}).get("delete", ()))

    def existing(self, name: str, number: int) -> Partition | None:
        """A partition that is there now; None when the machine has changed meanwhile."""
        disk = self.disks.get(name)
        there = disk.partitions if disk else ()
        return next((each for each in there if each.number == number), None)

    def behind(self, volume: str) -> Partition | None:
        """The partition that is there now of which the layout makes use under that name."""
        data = self.storage.get("partitions", {}).get(volume, {})
        return self.existing(data["disk"], data["existing"]) if "existing" in data else None

    def named(self, disk: str, number: int) -> str:
        """The name of an existing partition that the layout uses, "" for one that it does not."""
        for name, data in self.storage.get("partitions", {}).items():
            if data["disk"] == disk and data.get("existing") == number:
                return str(name)
        return ""

    def sizes(self) -> Mapping[str, int]:
        """The size in bytes of every volume that can be told, by its name."""
        plan = self.layout.plan
        if plan is None:
            return {}
        found: dict[str, int] = {}
        for disk in plan.disks:
            found |= {_name(each.reference): each.size for each in disk.partitions}
            for kept in disk.kept:
                size = kept.partition.size if kept.new_size is None else kept.new_size
                found |= {_name(kept.reference): size} if kept.reference else {}
        found |= {each.name: each.size for each in plan.arrays}
        found |= {each.name: each.size for each in plan.encrypted}
        for group in plan.groups:
            found |= {f"{group.name}/{each.name}": each.size for each in group.volumes}
        return found


def _name(reference: str) -> str:
    return reference.partition("/")[2]
