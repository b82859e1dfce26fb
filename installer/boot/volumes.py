"""What is on the devices that a host consists of, as ``blkid`` finds it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from installer.system.blkid import probed
from installer.system.runner import Runner

_OPAQUE = {
    "crypto_LUKS": "encrypted",
    "LVM2_member": "a part of a volume group",
    "linux_raid_member": "a part of an array",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Volume:
    """A device node, and the filesystem (or what else has a UUID) on it.

    Of a partition: its GUID, its type, its ``number`` and the kind of its ``table``; GUIDs and
    types are in lower case.
    """

    node: str
    uuid: str = ""
    kind: str = ""
    partition: str = ""
    partition_type: str = ""
    table: str = ""
    number: str = ""

    @property
    def opaque(self) -> str:
        """What hides its contents ("" when nothing does)."""
        return _OPAQUE.get(self.kind, "")


def read_volumes(runner: Runner, nodes: Iterable[str]) -> tuple[Volume, ...]:
    """What is on each of some device nodes now."""
    return tuple(_read_volume(runner, each) for each in dict.fromkeys(nodes))


def same_id(one: str, other: str) -> bool:
    """Whether two UUIDs are the same; an empty one is nobody's."""
    return bool(one) and one.lower() == other.lower()


def _read_volume(runner: Runner, node: str) -> Volume:
    found = probed(runner, node)
    return Volume(
        node=node,
        uuid=found.get("UUID", ""),
        kind=found.get("TYPE", ""),
        partition=found.get("PART_ENTRY_UUID", "").lower(),
        partition_type=found.get("PART_ENTRY_TYPE", "").lower(),
        table=found.get("PART_ENTRY_SCHEME", ""),
        number=found.get("PART_ENTRY_NUMBER", ""),
    )
