"""Layouts while they are being thought about: what a draft would give on a machine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from installer.config.boot import BootMode
from installer.config.read import asked_later, storage_from_document
from installer.config.recovery import with_drawn_secrets
from installer.config.storage import LayoutKind
from installer.config.words import written
from installer.errors import KickstartInvalid
from installer.machine.facts import Machine
from installer.plan.decide import custom_layout_for, resolve_layout, swap_for
from installer.plan.disks import chosen_disks
from installer.plan.storage.model import Layout
from ks_schema import Document


def layout(data: Mapping[str, Any], machine: Machine, *, seed: str = "") -> Layout:
    """What ``disks``, ``storage`` and ``boot`` of a draft give; the rest of it does not count."""
    try:
        config = with_drawn_secrets(storage_from_document(Document(data=data), ask=asked_later))
    except KickstartInvalid as error:
        return Layout(plan=None, problems=error.problems)
    chosen = chosen_disks(config, machine)
    if isinstance(chosen, tuple):
        return Layout(plan=None, problems=chosen)
    resolved = resolve_layout(config, machine, chosen.used, seed)
    return Layout(plan=resolved.storage, problems=resolved.problems)


def as_custom_layout(data: Mapping[str, Any], machine: Machine) -> dict[str, Any]:
    """``storage`` of a draft with its guided layout said in parts, to go on from there.

    :raises KickstartInvalid: the draft's storage is not valid.
    """
    config = storage_from_document(Document(data=data), ask=asked_later)
    chosen = chosen_disks(config, machine)
    if isinstance(chosen, tuple):
        raise KickstartInvalid(chosen)
    mode = config.boot.mode or BootMode(machine.firmware.mode.value)
    swap = swap_for(config.storage.swap, machine.memory)
    parts = custom_layout_for(config.storage, mode, swap, chosen.used)
    custom = replace(config.storage, layout=LayoutKind.CUSTOM, parts=parts)
    kept = {
        "layout",
        "wipe",
        "preserve",
        "tables",
        "partitions",
        "arrays",
        "encrypted",
        "volume_groups",
    }
    said = written(custom)
    return {key: value for key, value in said.items() if key in kept | {"filesystems"}}
