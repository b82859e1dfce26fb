"""The fields of a filesystem: its kind, its label, where and how it is mounted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from installer.filesystems import MADE, SWAP
from screens.forms import Choice, Item, Option, Text

KEEP = "keep"
_KINDS = (
    Option(value="", label="Nothing", detail=("for LVM, RAID or encryption",)),
    *(Option(value=each.name, label=each.title) for each in MADE),
)

Values = Mapping[str, Any]


def filesystem_values(made: Mapping[str, Any]) -> dict[str, str]:
    """What the fields hold for a filesystem, {} for none."""
    kept = made.get("format") is False
    return {
        "kind": KEEP if kept else made.get("kind", ""),
        "label": made.get("label", ""),
        "mount": made.get("mount", ""),
        "options": " ".join(made.get("options", ())),
    }


def filesystem_items(said: Values, there: str = "") -> tuple[Item, ...]:
    """The fields; ``there`` is the kind of the filesystem that is on the volume now."""
    keep = Option(value=KEEP, label=f"Keep the {there}", detail=("and its content",))
    options = (*_KINDS, *((keep,) if there else ()))
    kind = Choice(id="kind", label="Filesystem", value=said["kind"], options=options)
    if not said["kind"]:
        return (kind,)
    label = Text(id="label", label="Label", value=said["label"], hint="empty: defaults", width=16)
    if said["kind"] == SWAP:
        return (kind, label)
    mount = Text(
        id="mount",
        label="Mount point",
        value=said["mount"],
        hint="like /srv; empty: none",
        width=30,
    )
    usual = "empty: defaults"
    options_text = Text(id="options", label="Mount options", value=said["options"], hint=usual)
    return (kind, mount, label, options_text)


def filesystem_data(said: Values, before: Mapping[str, Any]) -> dict[str, Any] | None:
    """The filesystem that the fields say; what they do not ask for stays as it was."""
    kind = said["kind"]
    if not kind:
        return None
    same = kind == filesystem_values(before)["kind"]
    keys = ("make_options", "subvolumes", "binds") if same else ("binds",)
    kept = {key: before[key] for key in keys if key in before}
    made = {"kind": before["kind"]} if same and "kind" in before else {}
    made |= {"format": False} if kind == KEEP else {"kind": kind}
    mount = said["mount"].strip() if kind != SWAP else ""
    if not mount:
        kept.pop("binds", None)
    words = said["options"].replace(",", " ").split() if kind != SWAP else []
    return {
        **made,
        **({"label": said["label"].strip()} if said["label"].strip() else {}),
        **({"mount": mount} if mount else {}),
        **({"options": words} if words else {}),
        **kept,
    }
