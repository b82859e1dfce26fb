"""Rules of a custom layout: what lies on what, each volume used once, each place mounted once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from installer.config.name_rules import name_problems
from installer.config.sound import Sound
from installer.config.storage import size_of
from installer.raid import raid_level
from ks_schema import Problem
from ks_schema.syntax import child
from ks_schema.wording import did_you_mean, quoted

_TABLE = "partition table"
# Parts of the root that the host needs before it mounts anything, or links to such parts; and what
# the kernel and systemd mount.
_OF_THE_ROOT = frozenset({"/bin", "/etc", "/lib", "/lib64", "/sbin"})
# The initrd mounts / and /usr alone: what runs or is read from then on, until systemd mounts the
# rest, lies in one of them. https://systemd.io/SEPARATE_USR_IS_BROKEN/
_READ_FIRST = (
    "/etc/lvm", "/etc/mdadm", "/etc/modprobe.d", "/etc/modules-load.d", "/etc/systemd", "/etc/udev",
    "/usr/bin", "/usr/lib", "/usr/lib64", "/usr/sbin",
)  # fmt: skip
_MODULES = "/usr/lib/modules"  # the initrd has a copy of those that are needed first
# Without these no host starts, or an upgrade writes a kernel where the boot loader does not look.
_NEEDED_MOUNTED = frozenset({"/", "/boot", "/usr", "/var"})
# Options that make mount(8) mount something else, or refuse; and what to do instead.
_WHAT_IS_MOUNTED = {
    **dict.fromkeys(("subvol", "subvolid"), 'name the subvolume in "subvolumes"'),
    **dict.fromkeys(("bind", "loop", "move", "offset", "rbind", "remount", "sizelimit"),
                    "leave it out"),
}  # fmt: skip
_OF_THE_KERNEL = ("/dev", "/proc", "/run", "/sys")

Data = Mapping[str, Any]


def custom_problems(sound: Sound) -> Iterator[Problem]:
    """Every rule that the parts of a custom layout break."""
    if not sound.is_sound("/storage"):
        return  # the places of volumes cannot be told while parts of them are at fault
    storage: Data = sound.value("storage")
    known, problems = _volumes(sound, storage)
    yield from problems
    yield from _use_problems(sound, storage, known)
    yield from _table_problems(sound, storage)
    yield from _volume_group_problems(sound, storage)
    yield from _filesystem_problems(sound, storage)
    yield from _mount_problems(sound, storage)
    yield from name_problems(sound, storage)


def _volumes(sound: Sound, storage: Data) -> tuple[dict[str, str], list[Problem]]:
    """Every volume with the pointer of what makes it, and the names that are taken twice."""
    known: dict[str, str] = {name: f"/disks/{name}" for name in sound.value("disks") or {}}
    problems: list[Problem] = []
    for key in ("partitions", "arrays", "encrypted"):
        for name in storage.get(key, {}):
            pointer = child(f"/storage/{key}", name)
            if name in known:
                message = f"{known[name]} is called {quoted(name)} as well"
                problems.append(sound.document.problem(pointer, message, "use another name"))
            known[name] = pointer
    for group, data in storage.get("volume_groups", {}).items():
        for name in data.get("volumes", {}):
            place = child(f"/storage/volume_groups/{group}/volumes", name)
            known[f"{group}/{name}"] = place
    return known, problems


def uses(storage: Data) -> Iterator[tuple[str, str, str]]:
    """Pointer, volume and user of every use of a volume by a part."""
    for name, array in storage.get("arrays", {}).items():
        for key in ("members", "spares"):
            yield from _members(
                f"/storage/arrays/{name}/{key}", array.get(key, ()), f"array {name}"
            )
    for name, volume in storage.get("encrypted", {}).items():
        place = f"/storage/encrypted/{name}/volume"
        yield place, volume["volume"], f"encrypted volume {name}"
    for name, group in storage.get("volume_groups", {}).items():
        place = f"/storage/volume_groups/{name}/members"
        yield from _members(place, group["members"], f"volume group {name}")
    for volume in storage.get("filesystems", {}):
        yield child("/storage/filesystems", volume), volume, "filesystem"
    divided = [each["disk"] for each in storage.get("partitions", {}).values()]
    for disk in dict.fromkeys([*storage.get("tables", {}), *divided]):
        yield "", disk, _TABLE


def _members(pointer: str, members: Iterable[str], user: str) -> Iterator[tuple[str, str, str]]:
    for index, member in enumerate(members):
        yield f"{pointer}/{index}", member, user


def _use_problems(sound: Sound, storage: Data, known: Data) -> Iterator[Problem]:
    users: dict[str, str] = {}
    below: dict[str, list[str]] = {}
    pools = {
        f"{group}/{name}"
        for group, data in storage.get("volume_groups", {}).items()
        for name, volume in data.get("volumes", {}).items()
        if volume.get("kind") == "thin_pool"
    }
    for pointer, volume, user in uses(storage):
        if volume not in known and user == _TABLE:
            continue  # of disks that are not there is told elsewhere
        if volume not in known:
            hint = did_you_mean(volume, known) or "make it first, or name one that is made here"
            yield sound.document.problem(pointer, f"no volume is called {quoted(volume)}", hint)
        elif volume in pools:
            message = f"{quoted(volume)} is a thin pool"
            yield sound.document.problem(pointer, message, "use a thin volume of it")
        elif volume in users and user != _TABLE:
            message = f"{quoted(volume)} is used already, by the {users[volume]}"
            yield sound.document.problem(pointer, message, "use each volume once")
        elif users.get(volume, user) != user:
            message = f"{quoted(volume)} is used already, by the {users[volume]}"
            hint = "lay it on partitions of the disk, or take the table away"
            yield sound.document.problem("/storage", message, hint)
        users.setdefault(volume, user)
        kind, _, name = user.rpartition(" ")
        below.setdefault(name if kind in {"array", "encrypted volume"} else user, []).append(volume)
    yield from _circle_problems(sound, storage, below)


def _circle_problems(
    sound: Sound, storage: Data, below: Mapping[str, list[str]]
) -> Iterator[Problem]:
    """What contains itself."""
    for key in ("arrays", "encrypted", "volume_groups"):
        for name in storage.get(key, {}):
            start = f"volume group {name}" if key == "volume_groups" else name
            reached: set[str] = set()
            waiting = [start]
            while waiting:
                for volume in below.get(waiting.pop(), ()):
                    group, slash, _ = volume.partition("/")
                    each = f"volume group {group}" if slash else volume
                    if each not in reached:
                        reached.add(each)
                        waiting.append(each)
            if start in reached:
                pointer = child(f"/storage/{key}", name)
                message = f"{quoted(name)} contains itself"
                yield sound.document.problem(pointer, message, "put it on a partition or disk")


def _table_problems(sound: Sound, storage: Data) -> Iterator[Problem]:
    tables = storage.get("tables", {})
    for disk, table in tables.items():
        if table.get("delete") and not table.get("keep"):
            message = "a new table has nothing to delete"
            hint = 'say "keep": true to keep the other partitions'
            yield sound.document.problem(f"/storage/tables/{disk}/delete", message, hint)
    seen: set[tuple[str, int]] = set()
    for name, partition in storage.get("partitions", {}).items():
        pointer, table = f"/storage/partitions/{name}", tables.get(partition["disk"], {})
        yield from _partition_problems(sound, pointer, partition, table)
        if "existing" in partition:
            number = partition["existing"]
            if number in table.get("delete", ()) or (partition["disk"], number) in seen:
                message = f"partition {number} is deleted, or used already"
                yield sound.document.problem(f"{pointer}/existing", message, "use another one")
            seen.add((partition["disk"], number))


def _partition_problems(
    sound: Sound, pointer: str, partition: Data, table: Data
) -> Iterator[Problem]:
    size = size_of(partition)
    if size.maximum is not None and size.minimum > size.maximum:
        yield _bounds_problem(sound, pointer)
    if table.get("kind") == "dos" and len(partition.get("type", "")) > len("bios_boot"):
        message = "a dos table has no type GUIDs"
        yield sound.document.problem(f"{pointer}/type", message, "use a name, or a gpt table")
    if "existing" in partition and not table.get("keep"):
        yield sound.document.problem(
            f"{pointer}/existing",
            "a new table has no existing partitions",
            f'keep the table: "tables": {{"{partition["disk"]}": {{"keep": true}}}}',
        )


def _bounds_problem(sound: Sound, pointer: str) -> Problem:
    message = "min_size is larger than max_size"
    return sound.document.problem(f"{pointer}/min_size", message, "min_size is the smaller")


def _volume_group_problems(sound: Sound, storage: Data) -> Iterator[Problem]:
    for name, array in storage.get("arrays", {}).items():
        fewest = raid_level(array["level"]).fewest_members
        if len(array["members"]) < fewest:
            yield sound.document.problem(
                f"/storage/arrays/{name}/members",
                f"RAID {array['level']} needs at least {fewest} members",
                "add members, or choose another level",
            )
    for group, data in storage.get("volume_groups", {}).items():
        for name, volume in data.get("volumes", {}).items():
            pointer = child(f"/storage/volume_groups/{group}/volumes", name)
            yield from _volume_problems(sound, pointer, volume, data["volumes"])


def _volume_problems(sound: Sound, pointer: str, volume: Data, volumes: Data) -> Iterator[Problem]:
    size, kind, pool = size_of(volume), volume.get("kind", "linear"), volume.get("pool")
    if size.maximum is not None and size.minimum > size.maximum:
        yield _bounds_problem(sound, pointer)
    if kind == "thin" and volumes.get(pool or "", {}).get("kind") != "thin_pool":
        message = "a thin volume is in a thin pool of its group"
        yield sound.document.problem(pointer, message, 'name one as its "pool"')
    elif kind == "thin" and size.fixed is None:
        message = "a thin volume has a size of its own"
        yield sound.document.problem(pointer, message, 'give one, like "20 GiB"')
    elif kind != "thin" and pool:
        message = f"a {kind} volume takes no room from a pool"
        yield sound.document.problem(f"{pointer}/pool", message, 'say "kind": "thin"')


def _filesystem_problems(sound: Sound, storage: Data) -> Iterator[Problem]:
    for volume, data in storage.get("filesystems", {}).items():
        pointer = child("/storage/filesystems", volume)
        kind, kept = data.get("kind"), data.get("format") is False
        existing = storage.get("partitions", {}).get(volume, {}).get("existing")
        if kind is None and not kept:
            yield sound.document.problem(pointer, "it has no kind", 'like "kind": "ext4"')
        if kept and existing is None:
            message = "only an existing partition can be kept"
            yield sound.document.problem(f"{pointer}/format", message, "let it be formatted")
        if data.get("subvolumes") and kind != "btrfs":
            message = "only btrfs has subvolumes"
            yield sound.document.problem(f"{pointer}/subvolumes", message, 'use "kind": "btrfs"')
        if data.get("binds") and not data.get("mount"):
            message = "only what is mounted can be bound elsewhere"
            yield sound.document.problem(f"{pointer}/binds", message, 'give it a "mount"')
        if kind == "swap" and data.get("mount"):
            message = "swap space is not mounted"
            yield sound.document.problem(f"{pointer}/mount", message, "remove it")
        yield from _option_problems(sound, pointer, data)
        yield from _mount_option_problems(sound, pointer, data)


def _mount_option_problems(sound: Sound, pointer: str, data: Data) -> Iterator[Problem]:
    """Options with which something else would be mounted, or nothing where it is needed."""
    said = [(pointer, data)]
    said += [
        (child(f"{pointer}/subvolumes", name), each)
        for name, each in data.get("subvolumes", {}).items()
    ]
    for place, each in said:
        for number, option in enumerate(each.get("options", ())):
            name = option.partition("=")[0]
            if name in _WHAT_IS_MOUNTED:
                message, hint = f"{name} says what is mounted, not how", _WHAT_IS_MOUNTED[name]
                yield sound.document.problem(f"{place}/options/{number}", message, hint)
        # A subvolume without options of its own has those of its filesystem.
        of, options = (place, each["options"]) if each.get("options") else (
            pointer, data.get("options", ())
        )  # fmt: skip
        mount = each.get("mount")
        if "noauto" in options and mount in _NEEDED_MOUNTED:
            message = f"{mount} has to be mounted at each start"
            where = f"{of}/options/{options.index('noauto')}"
            yield sound.document.problem(where, message, "leave it out")


def _option_problems(sound: Sound, pointer: str, data: Data) -> Iterator[Problem]:
    """Arguments of mkfs that are paths: it takes what is no option for the device to format."""
    for number, option in enumerate(data.get("make_options", ())):
        if "/" in option:
            place = f"{pointer}/make_options/{number}"
            message = "an argument of mkfs that is a path could be another disk"
            hint = "leave it out: it is given the volume alone"
            yield sound.document.problem(place, message, hint)


def _mount_problems(sound: Sound, storage: Data) -> Iterator[Problem]:
    seen: dict[str, str] = {}
    for volume, data in storage.get("filesystems", {}).items():
        pointer = child("/storage/filesystems", volume)
        places = [(child(pointer, "mount"), data.get("mount"))]
        places += [
            (child(f"{pointer}/subvolumes", name) + "/mount", each.get("mount"))
            for name, each in data.get("subvolumes", {}).items()
        ]
        places += [
            (f"{pointer}/binds/{name}", place) for name, place in data.get("binds", {}).items()
        ]
        for place, mount in places:
            if mount in seen:
                message = f"{seen[mount]} is mounted at {mount} as well"
                yield sound.document.problem(place, message, "mount each at another place")
            if mount:
                seen[mount] = volume
                yield from _place_problems(sound, place, mount)
        for folder, mount in data.get("binds", {}).items():
            if mount == "/":
                message = "the root cannot be a directory of another filesystem"
                yield sound.document.problem(f"{pointer}/binds/{folder}", message, "mount it there")
    if "/" not in seen:
        yield sound.document.problem(
            "/storage", "nothing is mounted at /", 'give one filesystem "mount": "/"'
        )


def _place_problems(sound: Sound, pointer: str, mount: str) -> Iterator[Problem]:
    """Places at which no host has a filesystem of its own."""
    if mount in _OF_THE_ROOT:
        message = f"{mount} is a part of the root"
        yield sound.document.problem(pointer, message, "leave it there")
    if _is_at(mount, _READ_FIRST) and not _is_at(mount, (_MODULES,)):
        message = f"{mount} is needed before anything but / and /usr is mounted"
        yield sound.document.problem(pointer, message, "leave it to the filesystem of / or /usr")
    if _is_at(mount, _OF_THE_KERNEL):
        message = f"{mount} is created again at each start"
        yield sound.document.problem(pointer, message, "mount it at another place, like /srv")


def _is_at(mount: str, places: tuple[str, ...]) -> bool:
    """It is one of the places, or below one."""
    return mount in places or mount.startswith(tuple(f"{each}/" for each in places))
