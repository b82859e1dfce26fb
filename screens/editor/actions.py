"""What can be done with a row of the table; what cannot be done now says why."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from installer.filesystems import FILESYSTEMS, filesystem_type, titles
from screens.draft.custom_layout import for_loader, user_of
from screens.draft.history import Storage
from screens.editor import edit, stack_tasks, tasks
from screens.editor.scene import Scene
from screens.editor.task import Task
from screens.forms import Command

_TABLES = frozenset({"gpt", "dos"})
_RESIZABLE = titles((each for each in FILESYSTEMS if each.resizing), "and")


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """A command, and the edit or the question that it leads to.

    ``task`` gets the storage of ``edit`` first, if there is one.
    """

    command: Command
    edit: Callable[[], Storage] | None = None
    task: Callable[[Scene], Task] | None = None


def actions(scene: Scene, row: str) -> tuple[Action, ...]:
    """The actions on a row, by its id; none for one that is there no longer."""
    return tuple(_actions(scene, row))


def _actions(scene: Scene, row: str) -> Iterator[Action]:
    _, kind, *rest = (part.replace("~1", "/").replace("~0", "~") for part in row.split("/"))
    match kind, rest:
        case "disks", [name]:
            yield from _on_disk(scene, name)
        case "free", [name, _start]:
            yield _create(scene, name)
        case "existing", [name, number]:
            yield from _on_existing(scene, name, int(number))
        case "groups", [name]:
            yield from _on_group(scene, name)
        case "volumes", [volume]:
            yield from _on_volume(scene, volume)
        case "volumes", [volume, "subvolumes", name]:
            yield from _on_subvolume(scene, volume, name)


def _create(scene: Scene, disk: str) -> Action:
    there = scene.disks[disk]
    # Free space of a disk that is left alone so far is made use of beside what is there.
    whole = scene.keeps(disk) and not there.table and bool(there.filesystem)
    refused = "a filesystem is on the whole disk; create a new table first" if whole else ""
    command = Command(id="create", label="Create a partition", key="c", refused=refused)
    return Action(command=command, task=lambda now: tasks.new_partition(now, disk))


def _on_disk(scene: Scene, name: str) -> Iterator[Action]:
    storage, disk = scene.storage, scene.disks[name]
    yield _create(scene, name)
    table = storage.get("tables", {}).get(name)
    kept = bool(table and table.get("keep"))
    no_table = "" if disk.table in _TABLES else "the disk has none that could be kept"
    yield Action(
        command=Command(
            id="keep", label="Keep its table and partitions", key="k",
            refused="it is kept already" if kept else no_table,
        ),
        edit=lambda: edit.keep_table(edit.put(storage, "tables", name, None), name),
    )  # fmt: skip
    for kind, key in (("gpt", "g"), ("dos", "m")):
        label = f"New {kind.upper()} table: everything on the disk is lost"
        yield Action(
            command=Command(id=f"new_{kind}", label=label, key=key),
            edit=partial(edit.new_table, storage, name, kind),
        )
    touched = scene.touches(name)
    yield Action(
        command=Command(
            id="clear", label="Leave the disk as it is", key="l",
            refused="" if touched else "nothing is done with it",
        ),
        edit=lambda: edit.clear(storage, name),
    )  # fmt: skip
    yield Action(
        command=Command(
            id="wipe", label="Erase it and leave it empty", key="w",
            refused="it is already" if name in storage.get("wipe", ()) else "",
        ),
        edit=lambda: edit.wipe(storage, name),
    )  # fmt: skip


def _on_existing(scene: Scene, disk: str, number: int) -> Iterator[Action]:
    storage, there = scene.storage, scene.existing(disk, number)
    if there is None:
        return
    if number in scene.deleted(disk):
        yield Action(
            command=Command(id="restore", label="Do not delete it", key="d"),
            edit=lambda: edit.restore_existing(storage, disk, number),
        )
        return
    changed, name = tasks.use_existing(scene, disk, number)
    resizing = filesystem_type(there.filesystem).resizing
    fixed = "" if resizing else f"only {_RESIZABLE} can be resized"
    yield Action(
        command=Command(id="filesystem", label="Use it: format, keep, mount", key="m"),
        edit=lambda: changed,
        task=lambda now: tasks.filesystem(now, name),
    )
    yield Action(
        command=Command(id="edit", label="Shrink or grow it", key="s", refused=fixed),
        edit=lambda: changed,
        task=lambda now: tasks.edit_partition(now, name),
    )
    yield from _stacking(scene, changed, name)
    yield Action(
        command=Command(id="delete", label="Delete it: its data is lost", key="d"),
        edit=lambda: edit.delete_existing(storage, disk, number),
    )


def _on_volume(scene: Scene, volume: str) -> Iterator[Action]:
    storage = scene.storage
    used = tasks.in_use(scene, volume)
    user = user_of(storage, volume)
    own_filesystem = user is None or user[0] == "filesystems"
    group, slash, name = volume.partition("/")
    pool = slash and _kind(storage, group, name) == "thin_pool"
    holder = "" if own_filesystem else used
    yield from _shape(scene, volume)
    yield Action(
        command=Command(
            id="filesystem", label="Filesystem, mount point, swap", key="m",
            refused="it is a thin pool" if pool else holder,
        ),
        task=lambda now: tasks.filesystem(now, volume),
    )  # fmt: skip
    made = storage.get("filesystems", {}).get(volume, {})
    if filesystem_type(made.get("kind", "")).has_subvolumes:
        yield Action(
            command=Command(id="subvolume", label="Add a subvolume", key="s"),
            task=lambda now: tasks.subvolume(now, volume),
        )
    if not pool:
        yield from _stacking(scene, storage, volume)
    yield from _removal(scene, volume)


def _shape(scene: Scene, volume: str) -> Iterator[Action]:
    """What the volume itself is: its size, its members, its passphrase."""
    storage = scene.storage
    group, slash, name = volume.partition("/")
    command = Command(id="edit", label="Size and type", key="e")
    if slash:
        yield Action(command=command, task=lambda now: tasks.logical_volume(now, group, name))
    elif volume in storage.get("partitions", {}) and not _gone(scene, volume):
        yield Action(command=command, task=lambda now: tasks.edit_partition(now, volume))
    elif volume in storage.get("arrays", {}):
        yield Action(
            command=Command(id="edit", label="Level and members", key="e"),
            task=lambda now: stack_tasks.array(now, volume),
        )
    elif volume in storage.get("encrypted", {}):
        yield Action(
            command=Command(id="edit", label="Passphrase, TPM, recovery key", key="e"),
            task=lambda now: stack_tasks.encryption(now, volume),
        )


def _stacking(scene: Scene, storage: Storage, volume: str) -> Iterator[Action]:
    """Putting something on a volume, which ``storage`` may have to make known first."""
    used = tasks.in_use(scene, volume)
    lost = ": its data is lost" if volume in _there(storage) else ""
    first = (lambda: storage) if storage is not scene.storage else None
    user = user_of(scene.storage, volume)
    movable = user is None or user[0] == "filesystems"
    below = "" if movable and not for_loader(scene.storage, volume) else used
    kept = scene.storage.get("filesystems", {}).get(volume, {}).get("format") is False
    yield Action(
        command=Command(
            id="encrypt", label=f"Encrypt it{lost}", key="p",
            refused="its data is kept" if kept else below,
        ),
        edit=first,
        task=lambda now: stack_tasks.encryption(now, volume=volume),
    )  # fmt: skip
    yield Action(
        command=Command(id="array", label=f"New array with it{lost}", key="a", refused=used),
        edit=first,
        task=lambda now: stack_tasks.array(now, first=volume),
    )
    yield Action(
        command=Command(id="group", label=f"New volume group on it{lost}", key="v", refused=used),
        edit=first,
        task=lambda now: stack_tasks.group(now, first=volume),
    )
    for group, data in scene.storage.get("volume_groups", {}).items():
        if used or volume.startswith(f"{group}/"):
            continue
        members = {**data, "members": [*data["members"], volume]}
        yield Action(
            command=Command(id=f"join:{group}", label=f"Into the volume group {group}{lost}"),
            edit=partial(edit.put, storage, "volume_groups", group, members),
        )


def _removal(scene: Scene, volume: str) -> Iterator[Action]:
    storage = scene.storage
    partition = storage.get("partitions", {}).get(volume, {})
    label, key = "Remove it", "d"
    if "existing" in partition and not _gone(scene, volume):
        disk, number = partition["disk"], partition["existing"]
        yield Action(
            command=Command(id="delete", label="Delete it: its data is lost", key="d"),
            edit=lambda: edit.delete_existing(storage, disk, number),
        )
        label, key = "Leave it as it is", "l"
    yield Action(
        command=Command(id="remove", label=label, key=key),
        edit=lambda: edit.remove(storage, volume),
    )


def _on_group(scene: Scene, name: str) -> Iterator[Action]:
    yield Action(
        command=Command(id="volume", label="Create a logical volume", key="c"),
        task=lambda now: tasks.logical_volume(now, name),
    )
    yield Action(
        command=Command(id="edit", label="Members", key="e"),
        task=lambda now: stack_tasks.group(now, name),
    )
    yield Action(
        command=Command(id="remove", label="Remove it", key="d"),
        edit=lambda: edit.remove_group(scene.storage, name),
    )


def _on_subvolume(scene: Scene, volume: str, name: str) -> Iterator[Action]:
    yield Action(
        command=Command(id="edit", label="Mount point and options", key="e"),
        task=lambda now: tasks.subvolume(now, volume, name),
    )
    yield Action(
        command=Command(id="remove", label="Remove it", key="d"),
        edit=lambda: edit.put_subvolume(scene.storage, volume, name, None),
    )


def _there(storage: Storage) -> tuple[str, ...]:
    """The names of the partitions that are there already."""
    partitions = storage.get("partitions", {})
    return tuple(name for name, data in partitions.items() if "existing" in data)


def _gone(scene: Scene, volume: str) -> bool:
    """The existing partition that is meant is there no longer."""
    data = scene.storage["partitions"][volume]
    return "existing" in data and scene.behind(volume) is None


def _kind(storage: Storage, group: str, name: str) -> str:
    volumes = storage.get("volume_groups", {}).get(group, {}).get("volumes", {})
    return str(volumes.get(name, {}).get("kind", "linear"))
