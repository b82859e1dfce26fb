"""What the storage screens say, in the kickstart's words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from installer.config.storage import Preserved
from installer.secret import Secret
from screens.draft.custom_layout import disk_names
from screens.draft.entries import Entry

if TYPE_CHECKING:
    from screens.draft.draft import Draft

BESIDE = "beside"
# What the ids of the fields for the further disks of a mirror begin with.
MIRROR = "mirror:"


def storage_entries(draft: Draft) -> Iterator[Entry]:
    """The disks and all of ``storage``."""
    yield Entry(
        field="disk",
        path=("disks", "default", draft.disk_key or "device"),
        value=draft.disk_value or None,
    )
    if draft.edited is not None:
        yield Entry(field="layout", path=("storage",), value=revealed(draft.edited.now))
        yield from _disk_entries(draft, "layout", disk_names(draft.edited.now))
        return
    layout = draft.layout if draft.layout != "whole_disk" else None
    yield Entry(field="layout", path=("storage", "layout"), value=layout)
    if draft.layout == "whole_disk":
        yield from _many_disk_entries(draft)
    yield from _root_entries(draft)
    yield from _encryption_entries(draft)
    yield from _containers_entries(draft)


def revealed(value: Any) -> Any:
    """Plain data again: a passphrase as it was typed."""
    match value:
        case Secret():
            return {"plain": value.reveal()}
        case Mapping():
            return {key: revealed(each) for key, each in value.items()}
    return value


def erased_along(draft: Draft) -> tuple[str, ...]:
    """The disks that are only erased, by their paths."""
    if draft.edited is not None:
        names = draft.edited.now.get("wipe", ())
        return tuple(each.path for each in draft.disks if each.name in names)
    return draft.disk_partners if draft.layout == "whole_disk" else ()


def _many_disk_entries(draft: Draft) -> Iterator[Entry]:
    wiped = tuple(draft.name_of(path) for path in erased_along(draft))
    yield from _disk_entries(draft, "disk", wiped)
    for index, name in enumerate(wiped):
        yield Entry(field="disk", path=("storage", "wipe", index), value=name)
    for index, path in enumerate(draft.mirror):
        field, name = f"{MIRROR}{path}", draft.name_of(path)
        yield from _disk_entries(draft, field, (name,))
        yield Entry(field=field, path=("storage", "mirror", index), value=name)


def _disk_entries(draft: Draft, field: str, names: tuple[str, ...]) -> Iterator[Entry]:
    for disk in draft.disks:
        if disk.name in names:
            yield Entry(field=field, path=("disks", disk.name, disk.key), value=disk.value)


def _root_entries(draft: Draft) -> Iterator[Entry]:
    kind = draft.filesystem or None
    yield Entry(field="filesystem", path=("storage", "filesystem"), value=kind)
    size = draft.swap_size.strip() if draft.swap in {"partition", "file", "zram"} else ""
    yield Entry(field="swap", path=("storage", "swap", "kind"), value=draft.swap or None)
    yield Entry(field="swap_size", path=("storage", "swap", "size"), value=size or None)
    yield Entry(field="lvm", path=("storage", "lvm"), value=bool(draft.lvm) or None)
    yield Entry(field="ab", path=("storage", "ab"), value=bool(draft.ab) or None)
    kept = list(map(str, Preserved)) if draft.preserve else None
    yield Entry(field="preserve", path=("storage", "preserve"), value=kept)


def _encryption_entries(draft: Draft) -> Iterator[Entry]:
    if not draft.encryption:
        return
    place = ("storage", "encryption")
    typed = draft.passphrase.reveal()
    tpm2: dict[str, Any] | None = {} if draft.tpm2 else None
    yield Entry(field="passphrase", path=(*place, "passphrase", "plain"), value=typed or None)
    yield Entry(field="tpm2", path=(*place, "tpm2"), value=tpm2)
    recovery = bool(draft.recovery_key)
    yield Entry(field="recovery_key", path=(*place, "recovery_key"), value=recovery)


def _containers_entries(draft: Draft) -> Iterator[Entry]:
    if not draft.containers:
        return
    place = ("storage", "containers")
    disk = draft.name_of(draft.containers) if draft.containers != BESIDE else None
    size, kind = draft.containers_size.strip(), draft.containers_filesystem
    preserve = bool(draft.containers_preserve) or None
    yield from _disk_entries(draft, "containers", (disk,) if disk else ())
    # The object is there even when all of it is left to the planner.
    yield Entry(field="containers", path=place, value={})
    yield Entry(field="containers", path=(*place, "disk"), value=disk)
    yield Entry(field="containers_size", path=(*place, "size"), value=size or None)
    yield Entry(field="containers_filesystem", path=(*place, "filesystem"), value=kind or None)
    yield Entry(field="containers_preserve", path=(*place, "preserve"), value=preserve)
