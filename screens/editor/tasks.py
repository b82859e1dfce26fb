"""The questions about partitions, volumes and what lies on them."""

from __future__ import annotations

from typing import Any

from installer.config.storage import PartitionType
from installer.filesystems import filesystem_type
from installer.machine.facts import Partition
from installer.sizes import exact_size, format_size
from ks_schema.syntax import child
from screens.draft.custom_layout import for_loader, new_name, user_of
from screens.draft.history import Storage
from screens.editor.edit import keep_table, put, put_partition, put_subvolume, put_volume
from screens.editor.filesystem_fields import filesystem_data, filesystem_items, filesystem_values
from screens.editor.scene import Scene
from screens.editor.task import Task, Values, name_problem
from screens.forms import Choice, FieldProblem, Item, Note, Option, Text

_SIZE_HINT = "like 20 GiB, 25% or rest"
_BOUND_HINT = "like 4 GiB; empty: none"
_TYPES = (
    Option(value="", label="Automatic"),
    *(Option(value=str(each), label=str(each)) for each in PartitionType),
)


def new_partition(scene: Scene, disk: str) -> Task:
    """A partition in the largest stretch of free space."""
    name = new_name(scene.storage, "data", tuple(scene.disks))
    values = {"name": name, "size": "rest", **_sizes({}), "type": "", **filesystem_values({})}

    def apply(storage: Storage, said: Values) -> Storage:
        if scene.keeps(disk) and scene.disks[disk].partitions:
            storage = keep_table(storage, disk)
        made = put_partition(storage, said["name"], {"disk": disk, **_size_data(said)})
        return put(made, "filesystems", said["name"], filesystem_data(said, {}))

    def items(said: Values) -> tuple[Item, ...]:
        return (
            Text(id="name", label="Name", value=said["name"], width=28),
            *_size_items(said),
            *filesystem_items(said),
            Choice(id="type", label="Partition type", value=said["type"], options=_TYPES),
        )

    return Task(
        title=f"New partition on {scene.disks[disk].path}",
        values=values,
        items=items,
        apply=apply,
        places=lambda said: _volume_places(said["name"]),
        refuse=lambda said: name_problem(scene.storage, said["name"], tuple(scene.disks)),
    )


def edit_partition(scene: Scene, name: str) -> Task:
    """The size and type of a partition that will be made, or the size of one that is there."""
    data = scene.storage["partitions"][name]
    if there := scene.behind(name):
        return _resize(there, name, data)
    values = {**_sizes(data), "size": str(data.get("size", "rest")), "type": data.get("type", "")}
    return Task(
        title=f"Partition {name}",
        values=values,
        items=lambda said: (
            *_size_items(said),
            Choice(id="type", label="Partition type", value=said["type"], options=_TYPES),
        ),
        apply=lambda storage, said: put(
            storage, "partitions", name, {"disk": data["disk"], **_size_data(said)}
        ),
        places=lambda _said: (child("/storage/partitions", name),),
    )


def _resize(there: Partition, name: str, data: Any) -> Task:
    least = format_size(there.minimum) if there.minimum else "not known: it cannot be shrunk"
    kept = {key: data[key] for key in ("disk", "existing", "type") if key in data}

    def items(said: Values) -> tuple[Item, ...]:
        text = f"{there.path} has {format_size(there.size)} with {there.filesystem or 'unknown'}."
        return (
            Note(text=f"{text}\nThe filesystem is resized too. Minimum: {least}."),
            Text(
                id="size", label="Size", value=said["size"], hint="leave empty to keep, or rest",
                width=16,
            ),
        )  # fmt: skip

    def apply(storage: Storage, said: Values) -> Storage:
        size = {"size": said["size"]} if said["size"] else {}
        return put(storage, "partitions", name, {**kept, **size})

    return Task(
        title=f"Size of {there.path}",
        values={"size": str(data.get("size", ""))},
        items=items,
        apply=apply,
        places=lambda _said: (child("/storage/partitions", name),),
    )


def filesystem(scene: Scene, volume: str) -> Task:
    """What lies on a volume, and where it is mounted."""
    before = scene.storage.get("filesystems", {}).get(volume, {})
    found = scene.behind(volume)
    there = found.filesystem if found and filesystem_type(found.filesystem).make else ""
    # A partition that is there keeps what is on it, unless something else is said.
    kept = {"format": False} if there and not before else {}
    return Task(
        title=f"Filesystem on {volume}",
        values=filesystem_values({**before, **kept}),
        items=lambda said: filesystem_items(said, there),
        apply=lambda storage, said: put(
            storage, "filesystems", volume, filesystem_data(said, before)
        ),
        places=lambda _said: (child("/storage/filesystems", volume),),
    )


def logical_volume(scene: Scene, group: str, name: str = "") -> Task:
    """A logical volume, new or (with a name) as it is."""
    volumes = scene.storage["volume_groups"][group].get("volumes", {})
    data = volumes.get(name, {})
    pools = tuple(each for each, one in volumes.items() if one.get("kind") == "thin_pool")
    values = {
        "name": name or _free_name(volumes),
        "size": str(data.get("size", "rest")),
        **_sizes(data),
        "lv": data.get("kind", "linear"),
        "pool": data.get("pool", pools[0] if pools else ""),
        **({} if name else filesystem_values({})),
    }

    def items(said: Values) -> tuple[Item, ...]:
        named = () if name else (Text(id="name", label="Name", value=said["name"], width=28),)
        made = () if name or said["lv"] == "thin_pool" else filesystem_items(said)
        return (*named, *_size_items(said), *_volume_kind(said, pools), *made)

    def apply(storage: Storage, said: Values) -> Storage:
        kind = {} if said["lv"] == "linear" else {"kind": said["lv"]}
        pool = {"pool": said["pool"]} if said["lv"] == "thin" and said["pool"] else {}
        volume = {**_size_data({**said, "type": ""}), **kind, **pool}
        made = put_volume(storage, group, said["name"], volume)
        if name or said["lv"] == "thin_pool":
            return made
        return put(made, "filesystems", f"{group}/{said['name']}", filesystem_data(said, {}))

    def refuse(said: Values) -> FieldProblem | None:
        plain = {"partitions": {} if name else volumes}
        return name_problem(plain, said["name"], ()) if not name else None

    return Task(
        title=f"Logical volume {group}/{name}" if name else f"New logical volume in {group}",
        values=values,
        items=items,
        apply=apply,
        places=lambda said: (
            child(f"/storage/volume_groups/{group}/volumes", said["name"]),
            f"/storage/volume_groups/{group}",
            *_volume_places(f"{group}/{said['name']}"),
        ),
        refuse=refuse,
    )


def subvolume(scene: Scene, volume: str, name: str = "") -> Task:
    """A btrfs subvolume, new or (with a name) as it is."""
    made = scene.storage["filesystems"][volume].get("subvolumes", {})
    data = made.get(name, {})
    options = " ".join(data.get("options", ()))
    values = {"name": name or "@", "mount": data.get("mount", ""), "options": options}

    def items(said: Values) -> tuple[Item, ...]:
        hint = "like @home; slashes nest them"
        named = Text(id="name", label="Name", value=said["name"], hint=hint, width=24)
        return (
            *(() if name else (named,)),
            Text(id="mount", label="Mount point", value=said["mount"], hint="like /home", width=30),
            Text(
                id="options",
                label="Mount options",
                value=said["options"],
                hint="empty: defaults",
            ),
        )

    def apply(storage: Storage, said: Values) -> Storage:
        words = said["options"].replace(",", " ").split()
        mount = {"mount": said["mount"]} if said["mount"] else {}
        data = {**mount, **({"options": words} if words else {})}
        return put_subvolume(storage, volume, said["name"], data)

    def refuse(said: Values) -> FieldProblem | None:
        if name or (said["name"] and said["name"] not in made):
            return None
        message = f"{said['name']} already exists" if said["name"] else "It has no name"
        return FieldProblem(field="name", message=message, hint="use another one, like @data")

    base = child("/storage/filesystems", volume) + "/subvolumes"
    return Task(
        title=f"Subvolume {name} of {volume}" if name else f"New subvolume of {volume}",
        values=values,
        items=items,
        apply=apply,
        places=lambda said: (child(base, said["name"]), base),
        refuse=refuse,
    )


def use_existing(scene: Scene, disk: str, number: int) -> tuple[Storage, str]:
    """The storage that uses a partition that is there, kept as it is, and its name in it."""
    name = scene.named(disk, number)
    if name:
        return scene.storage, name
    name = new_name(scene.storage, f"part-{number}", tuple(scene.disks))
    kept = keep_table(scene.storage, disk)
    return put_partition(kept, name, {"disk": disk, "existing": number}), name


def in_use(scene: Scene, volume: str) -> str:
    """Why nothing else can be put on a volume; "" when it can."""
    user = user_of(scene.storage, volume)
    if for_loader(scene.storage, volume):
        return "it is the boot loader's"
    if user is None:
        return ""
    if user[0] == "filesystems":
        return "it has a filesystem; set it to None first"
    return f"{user[1]} uses it; remove that first"


def _volume_places(name: str) -> tuple[str, ...]:
    sections = ("partitions", "filesystems")
    return tuple(child(f"/storage/{section}", name) for section in sections)


def _free_name(volumes: Values) -> str:
    return next(name for name in ("root", "data", "data-2", "data-3", "new") if name not in volumes)


def _sizes(data: Any) -> dict[str, str]:
    def text(key: str) -> str:
        value = data.get(key, "")
        return str(exact_size(value)) if isinstance(value, int) else value

    return {"min_size": text("min_size"), "max_size": text("max_size")}


def _size_items(said: Values) -> tuple[Item, ...]:
    return (
        Text(id="size", label="Size", value=said["size"], hint=_SIZE_HINT, width=16),
        Text(
            id="min_size", label="Not smaller than", value=said["min_size"], hint=_BOUND_HINT,
            width=16,
        ),
        Text(
            id="max_size", label="Not larger than", value=said["max_size"], hint=_BOUND_HINT,
            width=16,
        ),
    )  # fmt: skip


def _size_data(said: Values) -> dict[str, Any]:
    """What was said of the size; the rest of the room is what it is without a word."""
    keys = ("size", "min_size", "max_size", "type")
    data = {key: said[key].strip() for key in keys if said[key].strip()}
    if data.get("size") == "rest":
        del data["size"]
    return data


def _volume_kind(said: Values, pools: tuple[str, ...]) -> tuple[Item, ...]:
    refused = "" if pools else "the group has no thin pool"
    options = (
        Option(value="linear", label="Standard volume"),
        Option(value="thin_pool", label="A thin pool for other volumes"),
        Option(value="thin", label="Thin volume", refused=refused),
    )
    kind = Choice(id="lv", label="Kind", value=said["lv"], options=options)
    if said["lv"] != "thin" or not pools:
        return (kind,)
    named = tuple(Option(value=each, label=each) for each in pools)
    return (kind, Choice(id="pool", label="Thin pool", value=said["pool"], options=named))
