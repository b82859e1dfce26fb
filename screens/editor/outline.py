"""Where everything would lie while the layout is not whole yet: nothing is mounted at ``/``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from installer.config.storage import LayoutParts
from installer.config.words import read
from installer.machine.facts import Disk
from installer.plan.storage.model import Layout, StoragePlan
from installer.plan.storage.resolve import resolve_storage, used_disks
from installer.secret import Secret

_TYPED_LATER = Secret("typed later")


def outlined(
    layout: Layout, said: Mapping[str, Any], disks: Mapping[str, Disk], memory: int
) -> Layout:
    """The layout with its sizes and places, when all that is wrong is about it as a whole.

    Whoever begins with an empty disk wants to see what is free from the first partition on.
    """
    if layout.plan is not None or any(each.pointer != "/storage" for each in layout.problems):
        return layout
    parts = _with_keys(read(LayoutParts, said, {}, "/storage"))
    used = {name: disks[name] for name in used_disks(parts, tuple(disks))}
    plan = resolve_storage(parts, used, memory, "")
    if isinstance(plan, StoragePlan):
        return replace(layout, plan=plan)
    return replace(layout, problems=(*layout.problems, *plan))


def _with_keys(parts: LayoutParts) -> LayoutParts:
    """The parts with something that opens each encrypted volume, which need not be said yet."""
    encrypted = tuple(
        replace(each, encryption=replace(each.encryption, drawn=_TYPED_LATER))
        for each in parts.encrypted
    )
    return replace(parts, encrypted=encrypted)
