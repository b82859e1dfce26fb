"""New volume groups and volumes whose names are taken already."""

from __future__ import annotations

from collections.abc import Iterable

from installer.config.name_rules import mapper_name
from installer.machine.facts import Disk, Layer, LayerKind
from installer.machine.layers import layer_text
from installer.plan.storage.model import StoragePlan
from ks_schema.problem import Problem


def name_problems(
    storage: StoragePlan, staying: Iterable[Layer], disks: Iterable[Disk]
) -> tuple[Problem, ...]:
    """New volume groups and volumes whose names are taken by layers that stay, or by disks.

    A disk that several paths lead to is one of the device mapper's (/dev/mapper/mpatha).
    """
    groups = {each.name for each in storage.groups}
    mapped = {each.mapping for each in storage.encrypted} | {
        mapper_name(group.name, each.name) for group in storage.groups for each in group.volumes
    }
    nodes = {f"/dev/mapper/{each}" for each in mapped}
    taken = tuple(
        Problem(
            pointer="/storage",
            message=f"{each.path} is a disk of this machine, and a new volume would have its name",
            hint="use another name",
        )
        for each in disks
        if each.path in nodes
    )
    return taken + tuple(
        Problem(
            pointer="/storage",
            message=f"there is a {layer_text(layer)} already, on {', '.join(layer.parents)}",
            hint="let it be erased too, take its disks out of the machine, or use another name",
        )
        for layer in staying
        if (layer.kind is LayerKind.LVM and layer.name in groups)
        or (layer.kind is LayerKind.CRYPT and layer.name in mapped)
        or nodes.intersection(layer.devices)
    )
