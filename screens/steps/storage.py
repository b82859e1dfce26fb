"""How the disk is laid out: the root filesystem and the swap space."""

from __future__ import annotations

from screens.forms import Choice, Form, Item, Note, Option, Text
from screens.step import Step, View

_FILESYSTEMS = (
    Option(value="", label="Recommended", detail=("the review shows which",)),
    Option(value="ext4", label="ext4", detail=("plain and proven",)),
    Option(value="btrfs", label="btrfs", detail=("compressed, with snapshots",)),
)
_SWAPS = (
    Option(value="", label="Recommended", detail=("the review shows which",)),
    Option(value="none", label="No swap space"),
    Option(value="file", label="A swap file", detail=("can be resized later",)),
    Option(value="partition", label="A swap partition"),
)


def form(view: View) -> Form:
    """Ask for filesystem and swap; the size only where there is a swap space to size."""
    draft = view.draft
    items: tuple[Item, ...] = (
        Note(text="The whole disk is used: the boot partitions, swap if any, and one root."),
        Choice(
            id="filesystem", label="Root filesystem", value=draft.filesystem, options=_FILESYSTEMS
        ),
        Choice(id="swap", label="Swap space", value=draft.swap, options=_SWAPS),
    )
    if draft.swap in {"file", "partition"}:
        hint = "like 2 GiB; empty: recommended"
        size = Text(id="swap_size", label="Swap size", value=draft.swap_size, hint=hint, width=14)
        items = (*items, size)
    return Form(items=items)


STEP = Step(id="storage", title="Filesystem and swap", form=form)
