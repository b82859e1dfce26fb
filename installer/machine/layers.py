"""What lies on the disks to be erased: in which order it goes, and what it would take along."""

from __future__ import annotations

from collections.abc import Iterable

from installer.machine.facts import Disk, Layer, LayerKind, Machine
from installer.machine.pools import pool_text, stacked
from ks_schema.problem import Problem

_KINDS = {
    LayerKind.SWAP: "swap space",
    LayerKind.CRYPT: "encrypted volume",
    LayerKind.LVM: "volume group",
    LayerKind.MD: "array",
}


def layer_text(layer: Layer) -> str:
    """The layer for people: ``volume group vg0``."""
    if layer.kind is LayerKind.POOL:
        return pool_text(layer)
    return f"{_KINDS[layer.kind]} {layer.name}"


def layers_on(disks: Iterable[Disk], layers: tuple[Layer, ...]) -> tuple[Layer, ...]:
    """Every layer that has a part of itself on one of the disks, top first.

    A layer comes before all that it lies on: in this order they can be stopped.
    """
    reached = {path for disk in disks for path in nodes_of(disk)}
    found: list[Layer] = []
    while new := [each for each in layers if each not in found and reached & set(each.parents)]:
        found += new
        reached |= {path for each in new for path in each.devices}
    return _top_first(found)


def disks_sharing(
    disk: Disk, disks: tuple[Disk, ...], layers: tuple[Layer, ...]
) -> tuple[Disk, ...]:
    """The other disks that must go with this one, so that nothing on them is left in part."""
    erased: set[str] = set()
    new = {disk.path}
    while new - erased:
        erased |= new
        there = layers_on((each for each in disks if each.path in erased), layers)
        new = {path for each in there for path in disks_under(each, disks, layers)}
    return tuple(each for each in disks if each.path in erased - {disk.path})


def sharing_problems(
    disks: tuple[Disk, ...], layers: tuple[Layer, ...], machine: Machine
) -> tuple[Problem, ...]:
    """Arrays and volume groups that would lose only a part, with what is to stay of them.

    ``disks`` have those partitions alone that are lost.
    """
    erased = {path for disk in disks for path in nodes_of(disk)}
    everything = stacked(machine)
    told: set[str] = set()
    problems: list[Problem] = []
    for layer in reversed(layers):
        others = _nodes_below(layer, machine.disks, everything) - erased
        # What lies on one that is told of is lost for the same reason.
        if others and not told & set(layer.parents):
            problems.append(_sharing_problem(layer, others, disks, machine.disks))
        if others:
            told |= set(layer.devices)
    return tuple(problems)


def _sharing_problem(
    layer: Layer, others: set[str], lost: tuple[Disk, ...], disks: tuple[Disk, ...]
) -> Problem:
    """``others`` are nodes of disks: a disk that loses nothing is told of as a whole."""
    losing = {disk.path for disk in lost}
    whole = {disk.path for disk in disks if others & set(nodes_of(disk))} - losing
    parts = {path for disk in disks if disk.path in losing for path in others & set(nodes_of(disk))}
    names = ", ".join(sorted(whole | parts))
    key = '"delete"' if parts else '"wipe"'
    hint = f'let {names} be erased too ({key} in "storage"), or take it out of the machine'
    if layer.kind is not LayerKind.POOL or layer.uuid:
        message = f"the {layer_text(layer)} is on {names} as well, which would keep a part of it"
        return Problem(pointer="/storage", message=message, hint=hint)
    own = ", ".join(sorted(set(layer.parents) - others))
    return Problem(
        pointer="/storage",
        message=f"{own} and {names} are members ({layer_text(layer)}); whether of the same one "
        "is unknown, and then one alone would keep a part of it",
        hint=f"{hint}; or, if they have nothing to do with each other, remove what marks {own} "
        "with wipefs first",
    )


def _top_first(layers: list[Layer]) -> tuple[Layer, ...]:
    ordered: list[Layer] = []
    waiting = list(layers)
    while waiting:
        held = {path for each in waiting for path in each.parents}
        # Should two lie on each other, which the kernel does not allow, any order is as good.
        free = [each for each in waiting if not held & set(each.devices)] or waiting
        ordered += free
        waiting = [each for each in waiting if each not in free]
    return tuple(ordered)


def disks_under(layer: Layer, disks: tuple[Disk, ...], layers: tuple[Layer, ...]) -> set[str]:
    """The disks that it lies on, through whatever layers are between."""
    reached = _nodes_below(layer, disks, layers)
    return {disk.path for disk in disks if reached & set(nodes_of(disk))}


def _nodes_below(layer: Layer, disks: tuple[Disk, ...], layers: tuple[Layer, ...]) -> set[str]:
    """The disks and partitions that it lies on, through whatever layers are between."""
    reached: set[str] = set()
    new = set(layer.parents)
    while new:
        reached |= new
        below = (each for each in layers if new & set(each.devices))
        new = {path for each in below for path in each.parents} - reached
    return reached & {path for disk in disks for path in nodes_of(disk)}


def nodes_of(disk: Disk) -> tuple[str, ...]:
    """The device nodes of a disk: its own, and those of its partitions."""
    return (disk.path, *(each.path for each in disk.partitions))
