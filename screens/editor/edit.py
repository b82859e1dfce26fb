"""The edits: each takes ``storage`` in parts and gives another one; nothing is changed in place.

Names of volumes are the kickstart's: a partition, an array, an encrypted volume, or GROUP/NAME.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from installer.raid import raid_level
from screens.draft.custom_layout import uses, volumes
from screens.draft.history import Storage


def put(storage: Storage, section: str, name: str, data: Mapping[str, Any] | None) -> Storage:
    """The storage with a part made, changed in its place, or (None) taken away."""
    members = dict(storage.get(section, {}))
    if data is None:
        members.pop(name, None)
    else:
        members[name] = data
    return _with(storage, section, members)


def put_first(storage: Storage, name: str, partition: Mapping[str, Any]) -> Storage:
    """The storage with a partition that lies before the others of its disk."""
    members: dict[str, Any] = {}
    for other, data in storage.get("partitions", {}).items():
        if data["disk"] == partition["disk"] and "existing" not in data:
            members.setdefault(name, partition)
        members[other] = data
    members.setdefault(name, partition)
    return _with(used(storage, partition["disk"]), "partitions", members)


def put_partition(storage: Storage, name: str, partition: Mapping[str, Any]) -> Storage:
    """The storage with a partition; its disk is no longer only erased."""
    return put(used(storage, partition["disk"]), "partitions", name, partition)


def put_volume(
    storage: Storage, group: str, name: str, volume: Mapping[str, Any] | None
) -> Storage:
    """The storage with a logical volume made, changed or (None) taken away."""
    data = storage["volume_groups"][group]
    return put(storage, "volume_groups", group, put(data, "volumes", name, volume))


def put_subvolume(
    storage: Storage, volume: str, name: str, subvolume: Mapping[str, Any] | None
) -> Storage:
    """The storage with a subvolume made, changed or (None) taken away."""
    data = storage["filesystems"][volume]
    return put(storage, "filesystems", volume, put(data, "subvolumes", name, subvolume))


def encrypt(storage: Storage, volume: str, name: str, encryption: Mapping[str, Any]) -> Storage:
    """The storage with an encrypted volume on ``volume``; a filesystem there moves onto it."""
    made = dict(storage.get("filesystems", {}))
    if volume in made:
        made = {(name if key == volume else key): data for key, data in made.items()}
    moved = _with(storage, "filesystems", made)
    return put(moved, "encrypted", name, {"volume": volume, "encryption": encryption})


def used(storage: Storage, disk: str) -> Storage:
    """The storage with a disk that is not erased and left empty."""
    wiped = [name for name in storage.get("wipe", ()) if name != disk]
    return _with(storage, "wipe", wiped)


def wipe(storage: Storage, disk: str) -> Storage:
    """The storage with a disk that is erased and left empty."""
    cleared = clear(storage, disk)
    return _with(cleared, "wipe", [*used(cleared, disk).get("wipe", ()), disk])


def clear(storage: Storage, disk: str) -> Storage:
    """The storage without anything on a disk: it stays as it is."""
    for name in _partitions_of(storage, disk):
        storage = remove(storage, name)
    return used(put(remove(storage, disk), "tables", disk, None), disk)


def new_table(storage: Storage, disk: str, kind: str) -> Storage:
    """The storage with a new table on a disk; existing partitions are used no longer."""
    for name in _partitions_of(storage, disk):
        if "existing" in storage["partitions"].get(name, {}):
            storage = remove(storage, name)
    table = {} if kind == "gpt" else {"kind": kind}
    return put(used(storage, disk), "tables", disk, table)


def keep_table(storage: Storage, disk: str) -> Storage:
    """The storage with a disk whose table is kept, and every partition of it."""
    if storage.get("tables", {}).get(disk, {}).get("keep"):
        return storage
    return put(used(storage, disk), "tables", disk, {"keep": True})


def delete_existing(storage: Storage, disk: str, number: int) -> Storage:
    """The storage with a partition of a kept table deleted, and what lay on it here."""
    for name in _partitions_of(storage, disk):
        if storage["partitions"].get(name, {}).get("existing") == number:
            storage = remove(storage, name)
    table = keep_table(storage, disk)["tables"][disk]
    numbers = sorted({*table.get("delete", ()), number})
    return put(used(storage, disk), "tables", disk, {**table, "delete": numbers})


def restore_existing(storage: Storage, disk: str, number: int) -> Storage:
    """The storage with a partition no longer deleted."""
    table = dict(storage["tables"][disk])
    numbers = [each for each in table.pop("delete", ()) if each != number]
    return put(storage, "tables", disk, {**table, **({"delete": numbers} if numbers else {})})


def remove(storage: Storage, volume: str) -> Storage:
    """The storage without a volume, and without all that cannot be without it."""
    for section in ("partitions", "arrays", "encrypted"):
        if volume in storage.get(section, {}):
            storage = put(storage, section, volume, None)
    group, slash, name = volume.partition("/")
    if slash and name in storage.get("volume_groups", {}).get(group, {}).get("volumes", {}):
        storage = _without_volume(storage, group, name)
    for below, section, user in tuple(uses(storage)):
        if below == volume and user in storage.get(section, {}):
            storage = _without_member(storage, section, user, volume)
    return storage


def remove_group(storage: Storage, group: str) -> Storage:
    """The storage without a volume group, its volumes and what lay on those."""
    for name in tuple(storage["volume_groups"][group].get("volumes", {})):
        storage = remove(storage, f"{group}/{name}")
    return put(storage, "volume_groups", group, None)


def lost_with(storage: Storage, after: Storage) -> tuple[str, ...]:
    """The parts that ``after`` has no longer, for people."""
    groups = set(storage.get("volume_groups", {})) - set(after.get("volume_groups", {}))
    gone = [each for each in volumes(storage) if each not in volumes(after)]
    return (*gone, *(f"volume group {each}" for each in sorted(groups)))


def _without_volume(storage: Storage, group: str, name: str) -> Storage:
    """A thin pool takes its volumes along."""
    members = storage["volume_groups"][group]["volumes"]
    storage = put_volume(storage, group, name, None)
    for other, data in members.items():
        if data.get("pool") == name and other != name:
            storage = remove(storage, f"{group}/{other}")
    return storage


def _without_member(storage: Storage, section: str, user: str, volume: str) -> Storage:
    """What can be without one of its volumes stays; the rest goes with it."""
    data = storage[section][user]
    if section == "filesystems":
        return put(storage, section, user, None)
    if section == "encrypted":
        return remove(storage, user)
    members = [each for each in data["members"] if each != volume]
    if section == "volume_groups":
        if not members:
            return remove_group(storage, user)
        return put(storage, section, user, {**data, "members": members})
    if len(members) < raid_level(data["level"]).fewest_members:
        return remove(storage, user)
    spares = [each for each in data.get("spares", ()) if each != volume]
    rest = {key: value for key, value in data.items() if key != "spares"}
    kept = {**rest, "members": members, **({"spares": spares} if spares else {})}
    return put(storage, section, user, kept)


def _partitions_of(storage: Storage, disk: str) -> tuple[str, ...]:
    partitions = storage.get("partitions", {})
    return tuple(name for name, data in partitions.items() if data["disk"] == disk)


def _with(storage: Storage, key: str, value: Any) -> Storage:
    """The storage with another value; one that says nothing is left out."""
    rest = {name: data for name, data in storage.items() if name != key}
    if not value:
        return rest
    # What was there keeps its place, so that only what is edited differs.
    if key in storage:
        return {name: (value if name == key else data) for name, data in storage.items()}
    return {**rest, key: value}
