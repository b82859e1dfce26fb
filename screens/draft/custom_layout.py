"""Looking at the parts of a custom layout: what uses what."""

from __future__ import annotations

from collections.abc import Iterator

from installer.secret import Secret
from screens.draft.history import Storage


def disk_names(storage: Storage) -> tuple[str, ...]:
    """Every name that may be a disk's: whatever is used, has a table, or is erased."""
    names = [*storage.get("wipe", ()), *storage.get("tables", {})]
    names += [each["disk"] for each in storage.get("partitions", {}).values()]
    names += [volume for volume, _section, _name in uses(storage)]
    return tuple(dict.fromkeys(names))


def uses(storage: Storage) -> Iterator[tuple[str, str, str]]:
    """Each use of a volume by a part: the volume, the part's section, the part's name."""
    for name, array in storage.get("arrays", {}).items():
        for member in (*array["members"], *array.get("spares", ())):
            yield member, "arrays", name
    for name, encrypted in storage.get("encrypted", {}).items():
        yield encrypted["volume"], "encrypted", name
    for name, group in storage.get("volume_groups", {}).items():
        for member in group["members"]:
            yield member, "volume_groups", name
    for volume in storage.get("filesystems", {}):
        yield volume, "filesystems", volume


def user_of(storage: Storage, volume: str) -> tuple[str, str] | None:
    """Section and name of what lies on a volume, if anything does."""
    found = (each for each in uses(storage) if each[0] == volume)
    return next(((section, name) for _volume, section, name in found), None)


def volumes(storage: Storage) -> tuple[str, ...]:
    """The volumes that are made or used here and could hold something, thin pools left out."""
    names = [*storage.get("partitions", {}), *storage.get("arrays", {})]
    names += storage.get("encrypted", {})
    for group, data in storage.get("volume_groups", {}).items():
        for name, volume in data.get("volumes", {}).items():
            if volume.get("kind") != "thin_pool":
                names.append(f"{group}/{name}")
    return tuple(names)


def unused(storage: Storage) -> tuple[str, ...]:
    """The volumes that nothing lies on yet, and that are not for the boot loader."""
    return tuple(
        name
        for name in volumes(storage)
        if user_of(storage, name) is None and not for_loader(storage, name)
    )


def for_loader(storage: Storage, volume: str) -> bool:
    """The volume is the boot loader's own partition."""
    kind = storage.get("partitions", {}).get(volume, {}).get("type")
    return kind in {"esp", "bios_boot"}


def all_above(storage: Storage, volume: str) -> tuple[str, ...]:
    """What lies on a volume, and on that, by its names (a group's volumes as GROUP/NAME)."""
    found: list[str] = []
    waiting = [volume]
    while waiting:
        one = waiting.pop()
        for below, section, name in uses(storage):
            if below != one or section == "filesystems":
                continue
            new = [name]
            if section == "volume_groups":
                members = storage["volume_groups"][name].get("volumes", {})
                new = [f"{name}/{each}" for each in members]
            waiting += [each for each in new if each not in found]
            found += [each for each in new if each not in found]
    return tuple(found)


def new_name(storage: Storage, stem: str, taken: tuple[str, ...] = ()) -> str:
    """A name that nothing has yet: the stem, or the stem with a number."""
    names = {*volumes(storage), *storage.get("volume_groups", {}), *taken}
    numbered = (stem if number == 1 else f"{stem}-{number}" for number in range(1, 1000))
    return next(name for name in numbered if name not in names)


def asked_for(storage: Storage) -> tuple[str, ...]:
    """The encrypted volumes whose passphrase has still to be asked for."""
    return tuple(
        name
        for name, data in storage.get("encrypted", {}).items()
        if data["encryption"].get("passphrase") == {"ask": True}
    )


def with_passphrase(storage: Storage, passphrase: Secret) -> Storage:
    """The storage in which what asks for a passphrase has this one."""
    asked = asked_for(storage)
    if not asked:
        return storage
    known = {
        name: {**data, "encryption": {**data["encryption"], "passphrase": passphrase}}
        if name in asked
        else data
        for name, data in storage["encrypted"].items()
    }
    return {**storage, "encrypted": known}
