"""The partitions of a whole disk: where each begins, how large it is, what it is for.

Type GUIDs are those of the Discoverable Partitions Specification
(https://uapi-group.org/specifications/specs/discoverable_partitions_specification/).
"""

from __future__ import annotations

from dataclasses import dataclass

from installer.actions.disk import PlannedPartition
from installer.config.model import BootMode
from installer.plan.identity import derived_uuid
from installer.sizes import MIB

BIOS_BOOT = "21686148-6449-6e6f-744e-656564454649"
ESP = "c12a7328-f81f-11d2-ba4b-00a0c93ec93b"
SWAP = "0657fd6d-a4ab-43c4-84e5-0933c84b4f4f"
ROOT_X86_64 = "4f68bce3-e8cd-4db1-96e7-fbcaf984b709"

ALIGNMENT = MIB
BIOS_BOOT_SIZE = MIB
ESP_SIZE = 512 * MIB


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """The partitions by their purpose; the ones that this host does not have are None."""

    partitions: tuple[PlannedPartition, ...]
    root: PlannedPartition
    esp: PlannedPartition | None
    bios_boot: PlannedPartition | None
    swap: PlannedPartition | None


def whole_disk_layout(size: int, mode: BootMode, swap_size: int, seed: str) -> Layout | None:
    """The layout of a disk of ``size`` bytes; None when nothing would be left for the root.

    ``swap_size`` is that of the swap partition in bytes, 0 for none. Every partition begins and
    ends at a whole MiB; the first and the last MiB are left to the two copies of the table.
    """
    wanted: list[tuple[str, str, int]] = []
    if mode is not BootMode.EFI:
        wanted.append(("bios-boot", BIOS_BOOT, BIOS_BOOT_SIZE))
    if mode is not BootMode.BIOS:
        wanted.append(("esp", ESP, ESP_SIZE))
    if swap_size:
        wanted.append(("swap", SWAP, _round_up(swap_size)))
    end = size // ALIGNMENT * ALIGNMENT - ALIGNMENT
    root_size = end - ALIGNMENT - sum(each for _, _, each in wanted)
    if root_size < ALIGNMENT:
        return None
    wanted.append(("root", ROOT_X86_64, root_size))

    made: dict[str, PlannedPartition] = {}
    start = ALIGNMENT
    for number, (name, type_guid, length) in enumerate(wanted, start=1):
        made[name] = PlannedPartition(
            number=number,
            start=start,
            size=length,
            type_guid=type_guid,
            guid=derived_uuid(seed, f"partition {name}"),
            name=f"photon-{name}",
        )
        start += length
    return Layout(
        partitions=tuple(made.values()),
        root=made["root"],
        esp=made.get("esp"),
        bios_boot=made.get("bios-boot"),
        swap=made.get("swap"),
    )


def _round_up(size: int) -> int:
    return -(-size // ALIGNMENT) * ALIGNMENT
