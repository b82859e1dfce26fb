"""The table of the editor: disks with their partitions and free space, and what lies on those."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from installer.machine.facts import Disk, Partition
from installer.plan.storage.model import PlannedDisk, PlannedFilesystem
from installer.plan.storage.tables import free_stretches
from installer.sizes import format_size
from ks_schema.problem import Problem
from ks_schema.syntax import child
from screens.draft.custom_layout import user_of
from screens.editor.bars import FREE, bar_after, bar_before, existing_letters, new_letters
from screens.editor.scene import Scene
from screens.forms import Row

HEAD = "    Name                        Size Content           Mount           State"
_USERS = {"arrays": "array", "encrypted": "LUKS", "volume_groups": "group"}
_UNKNOWN = "unrecognized data"


def table(scene: Scene) -> tuple[Row, ...]:
    """Every row, each with what is wrong with it."""
    rows = [*_disk_rows(scene), *_array_rows(scene), *_encrypted_rows(scene), *_group_rows(scene)]
    return tuple(_with_problem(row, rows, scene.layout.problems) for row in rows)


def loose_problems(scene: Scene, rows: tuple[Row, ...]) -> tuple[Problem, ...]:
    """The problems that are about no row."""
    return tuple(each for each in scene.layout.problems if not _place(each, rows))


def columns(name: str, *cells: str, letter: str = " ", depth: int = 0) -> str:
    """One line of the table, 76 columns wide: name, size, content, mount and state."""
    shown = f"{'  ' * depth}{name}"
    size, what, mount, state = cells
    return f"{letter:1} {shown:<22.22} {size:>9} {what:<17.17} {mount:<15.15} {state}".rstrip()


def _with_problem(row: Row, rows: list[Row], problems: tuple[Problem, ...]) -> Row:
    found = next((each for each in problems if _place(each, tuple(rows)) == row.id), None)
    if found is None:
        return row
    text = f"{found.message} - {found.hint}" if found.hint else found.message
    return Row(id=row.id, text=row.text, detail=row.detail, problem=text)


def _place(problem: Problem, rows: tuple[Row, ...]) -> str:
    """The row with the longest pointer that the problem's one begins with."""
    pointer = problem.pointer.replace("/storage/filesystems/", "/volumes/")
    for section in ("partitions", "arrays", "encrypted"):
        pointer = pointer.replace(f"/storage/{section}/", "/volumes/")
    pointer = pointer.replace("/storage/tables/", "/disks/")
    if pointer.startswith("/storage/volume_groups/"):
        group, _, rest = pointer.removeprefix("/storage/volume_groups/").partition("/volumes/")
        pointer = f"/volumes/{group}~1{rest}" if rest else f"/groups/{group}"
    found = [each.id for each in rows if pointer == each.id or pointer.startswith(f"{each.id}/")]
    return max(found, key=len, default="")


def _disk_rows(scene: Scene) -> Iterator[Row]:
    for name, disk in scene.disks.items():
        yield _disk_row(scene, name, disk)
        yield from _volume_rows(scene, name, 1, with_self=False)
        yield from _partition_rows(scene, name, disk)


def _disk_row(scene: Scene, name: str, disk: Disk) -> Row:
    planned, kept = scene.planned(name), scene.keeps(name)
    if name in scene.storage.get("wipe", ()):
        state = "erased"
    elif not scene.touches(name):
        state = "as is"
    else:
        state = "kept" if kept else "erased"
    kind = scene.storage.get("tables", {}).get(name, {}).get("kind", "gpt")
    what = disk.table.upper() if kept else f"new {kind.upper()}"
    if state == "erased" and planned is None:
        what = "empty"
    detail = (f"was {bar_before(disk)}",) if disk.partitions else ()
    if planned is not None:
        detail = (*detail, f"new {bar_after(planned)}")
    short = disk.path.rpartition("/")[2]
    text = columns(short, format_size(disk.size), what, disk.model, state)
    return Row(id=f"/disks/{name}", text=text, detail=detail)


def _partition_rows(scene: Scene, name: str, disk: Disk) -> Iterator[Row]:
    """Those that are there, those that are new, and what is free, in the order on the disk."""
    planned = scene.planned(name)
    letters = dict(new_letters(planned)) if planned else {}
    sizes = scene.sizes()
    found: list[tuple[int, tuple[Row, ...]]] = []
    if scene.keeps(name):
        found += [(each.start, _existing(scene, name, each)) for each in disk.partitions]
    starts = {each.reference: each.start for each in planned.partitions} if planned else {}
    for partition, data in scene.storage.get("partitions", {}).items():
        if data["disk"] == name and not (scene.keeps(name) and scene.behind(partition)):
            reference = f"partition/{partition}"
            size = _size(sizes.get(partition), data)
            rows = tuple(
                _volume_rows(
                    scene, partition, 1, letter=letters.get(reference, " "), size=size, state="new"
                )
            )
            found.append((starts.get(reference, disk.size), rows))
    found += [(start, _free(name, start, size)) for start, size in _free_space(planned)]
    for _start, rows in sorted(found, key=lambda each: each[0]):
        yield from rows


def _free_space(planned: PlannedDisk | None) -> Iterator[tuple[int, int]]:
    """Start and size of what is left free, the new partitions counted."""
    if planned is None:
        return
    ends = [each.start + each.size for each in planned.partitions]
    for start, size in free_stretches(planned):
        first = max((end for end in ends if start < end <= start + size), default=start)
        if first < start + size:
            yield first, start + size - first


def _free(disk: str, start: int, size: int) -> tuple[Row, ...]:
    text = columns("free space", format_size(size), "", "", "", letter=FREE, depth=1)
    return (Row(id=f"/free/{disk}/{start}", text=text),)


def _existing(scene: Scene, disk: str, there: Partition) -> tuple[Row, ...]:
    """A partition that is there: used, deleted, or kept without a use."""
    number = there.number
    letter = existing_letters(scene.disks[disk])[number]
    short = there.path.rpartition("/")[2]
    used = scene.named(disk, number)
    if used:
        new = scene.sizes().get(used, there.size)
        made = scene.storage.get("filesystems", {}).get(used, {})
        formatted = user_of(scene.storage, used) and made.get("format") is not False
        state = "format" if formatted else "kept"
        if new != there.size:
            state = "shrunk" if new < there.size else "grown"
        size = format_size(new)
        name = f"{short} {used}"
        return tuple(
            _volume_rows(scene, used, 1, letter=letter, size=size, state=state, shown=name)
        )
    state = "deleted" if number in scene.deleted(disk) else "kept"
    what = there.filesystem or _UNKNOWN
    label = there.operating_system or there.label or there.name
    text = columns(short, format_size(there.size), what, label, state, letter=letter, depth=1)
    return (Row(id=f"/existing/{disk}/{number}", text=text),)


def _array_rows(scene: Scene) -> Iterator[Row]:
    sizes = scene.sizes()
    for name, array in scene.storage.get("arrays", {}).items():
        shown = f"{name} RAID {array['level']}"
        size = _size(sizes.get(name), {})
        yield from _volume_rows(scene, name, 0, size=size, shown=shown, state="new")


def _encrypted_rows(scene: Scene) -> Iterator[Row]:
    sizes = scene.sizes()
    for name, data in scene.storage.get("encrypted", {}).items():
        shown = f"{name} on {data['volume']}"
        size = _size(sizes.get(name), {})
        yield from _volume_rows(scene, name, 0, size=size, shown=shown, state="LUKS")


def _group_rows(scene: Scene) -> Iterator[Row]:
    sizes = scene.sizes()
    for group, data in scene.storage.get("volume_groups", {}).items():
        members = ", ".join(data["members"])
        text = columns(group, "", f"of {members}", "", "group")
        yield Row(id=f"/groups/{group}", text=text)
        for name, volume in data.get("volumes", {}).items():
            path = f"{group}/{name}"
            kind = volume.get("kind", "linear").replace("_", " ")
            size = _size(sizes.get(path), volume)
            state = "new" if kind == "linear" else kind
            yield from _volume_rows(scene, path, 1, size=size, shown=name, state=state)


def _volume_rows(  # noqa: PLR0913
    scene: Scene,
    volume: str,
    depth: int,
    *,
    letter: str = " ",
    size: str = "",
    state: str = "",
    shown: str = "",
    with_self: bool = True,
) -> Iterator[Row]:
    """A volume and the subvolumes on it."""
    made = scene.storage.get("filesystems", {}).get(volume)
    if with_self:
        planned = _filesystem(scene, volume)
        what = _content(scene, volume, planned)
        mount = (made or {}).get("mount") or _mounts(planned)
        text = columns(shown or volume, size, what, mount, state, letter=letter, depth=depth)
        yield Row(id=child("/volumes", volume), text=text)
    for name, subvolume in (made or {}).get("subvolumes", {}).items():
        text = columns(name, "", "subvolume", subvolume.get("mount", ""), "new", depth=depth + 1)
        yield Row(id=child(child("/volumes", volume) + "/subvolumes", name), text=text)


def _filesystem(scene: Scene, volume: str) -> PlannedFilesystem | None:
    plan = scene.layout.plan
    found = plan.filesystems if plan else ()
    return next((each for each in found if each.volume.partition("/")[2] == volume), None)


def _mounts(planned: PlannedFilesystem | None) -> str:
    """Where it is mounted as a whole, when nobody said so."""
    mounts = planned.mounts if planned else ()
    return next((each.path for each in mounts if not each.subvolume), "")


def _content(scene: Scene, volume: str, planned: PlannedFilesystem | None) -> str:
    storage, user = scene.storage, user_of(scene.storage, volume)
    partition = storage.get("partitions", {}).get(volume, {})
    if user is None and "existing" in partition:
        there = scene.behind(volume)
        return (there.filesystem or _UNKNOWN) if there else "not there"
    if user and user[0] != "filesystems":
        return f"{_USERS[user[0]]} {user[1]}"
    made = storage.get("filesystems", {}).get(volume, {})
    kind = made.get("kind") or (planned.kind if planned else "")
    if partition.get("type") == "esp":
        return f"ESP {kind}".strip()
    return kind or str(partition.get("type", "")) or "nothing yet"


def _size(planned: int | None, said: Mapping[str, Any]) -> str:
    if planned is not None:
        return format_size(planned)
    return str(said.get("size", "rest")) if said else "?"
