"""What makes a layout start after all: the edits that are offered with one key."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from installer.config.boot import BootMode
from installer.filesystems import EXT4, filesystem_type
from installer.plan.storage.bootable import all_below, bios_places, disks_below, esp_places
from installer.plan.storage.model import StoragePlan
from installer.raid import MIRROR, raid_level
from screens.draft.custom_layout import new_name
from screens.draft.history import Storage
from screens.editor.edit import put, put_first
from screens.editor.scene import Scene


@dataclass(frozen=True, slots=True, kw_only=True)
class Fix:
    """An edit that mends something: what it is called, and the storage after it."""

    label: str
    storage: Storage


def fixes(scene: Scene) -> tuple[Fix, ...]:
    """The fixes that fit a layout; one that has no root, or cannot be laid out, has none."""
    plan = scene.layout.plan
    rooted = plan is not None and plan.filesystem_at("/") is not None
    return tuple(_fixes(scene, plan)) if plan and rooted else ()


def _fixes(scene: Scene, plan: StoragePlan) -> Iterator[Fix]:
    storage, mode = scene.storage, scene.mode
    disks = [each.name for each in disks_below(plan, plan.boot.volume)]
    if not disks:
        return
    if not _readable(plan):
        yield Fix(label="add a /boot partition", storage=_with_boot(storage, disks))
    if mode is not BootMode.BIOS and not esp_places(plan):
        made = _on_each(storage, disks, "esp", {"size": "512 MiB", "type": "esp"})
        yield Fix(label="add an ESP", storage=made)
    if mode is not BootMode.EFI and not bios_places(plan):
        made = _on_each(storage, disks, "bios-boot", {"size": "1 MiB", "type": "bios_boot"})
        yield Fix(label="add a BIOS boot partition", storage=made)


def _readable(plan: StoragePlan) -> bool:
    """The boot loader can read what /boot lies on."""
    under = all_below(plan, plan.boot.volume)
    kinds = {reference.partition("/")[0] for reference in under}
    return (
        not kinds & {"encrypted", "volume"}
        and all(
            raid_level(each.level).holds_boot for each in plan.arrays if each.reference in under
        )
        and filesystem_type(plan.boot.kind).holds_boot
    )


def _with_boot(storage: Storage, disks: list[str]) -> Storage:
    """/boot on a partition, or mirrored where the host lies on several disks."""
    made: dict[str, Storage] = dict(storage.get("filesystems", {}))
    for volume, data in made.items():
        if data.get("mount") == "/boot":
            made[volume] = {key: each for key, each in data.items() if key != "mount"}
    storage = {**storage, "filesystems": made}
    names: list[str] = []
    for disk in disks:
        name = new_name(storage, "boot" if len(disks) == 1 else f"boot-{len(names) + 1}")
        names.append(name)
        storage = put_first(storage, name, {"disk": disk, "size": "768 MiB"})
    volume = names[0]
    if len(names) > 1:
        volume = new_name(storage, "boot")
        storage = put(storage, "arrays", volume, {"level": MIRROR, "members": names})
    return put(storage, "filesystems", volume, {"kind": EXT4, "mount": "/boot"})


def _on_each(storage: Storage, disks: list[str], stem: str, data: dict[str, str]) -> Storage:
    for disk in disks:
        name = new_name(storage, stem)
        storage = put_first(storage, name, {"disk": disk, **data})
    return storage
