"""What is true of every plan, seen from its actions alone: they are what will happen."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import pairwise

from installer.actions.action import Action
from installer.actions.boot.bios import EmbedBiosGrub
from installer.actions.boot.esp import WriteEsp
from installer.actions.boot.systemd_boot import WriteSystemdBoot
from installer.actions.host.files import WriteFile
from installer.actions.storage.array import CreateArray
from installer.actions.storage.encryption import EncryptVolume
from installer.actions.storage.lvm import CreateLogicalVolume
from installer.actions.storage.table import AlterTable
from installer.machine.facts import Layer, LayerKind, Machine
from installer.plan.model import InstallPlan
from tests.engine import actions_of
from tests.unit.plan.storage.simulation import MIB, World, follow


def require_true(plan: InstallPlan, machine: Machine, secrets: tuple[str, ...]) -> World:
    """Everything that is true of every plan."""
    world = follow(plan, machine)
    _require_tables(world, plan)
    _require_losses(world, plan, machine)
    _require_start(world, plan)
    _require_files(world, plan)
    # The ESPs of one host are twins: whichever is there is mounted.
    esps = {each.uuid for each in world.filesystems.values() if each.kind == "vfat"}
    unique = [each for each in world.identifiers if each not in esps]
    assert len(set(unique)) == len(unique)
    for text in (plan.describe(), json.dumps(plan.to_json()), repr(plan)):
        assert not any(secret in text for secret in secrets)
    return world


def written(plan: InstallPlan, path: str) -> str:
    """The text of a file that the plan writes, "" when it does not."""
    files = (each for each in actions_of(plan) if isinstance(each, WriteFile))
    return next((each.text for each in files if each.path == path), "")


def _require_tables(world: World, plan: InstallPlan) -> None:
    """No two partitions overlap, what is new is aligned, what is kept stays where it is."""
    resized = {
        (action.disk, number): size
        for action in actions_of(plan)
        if isinstance(action, AlterTable)
        for number, size in action.resize
    }
    for path, table in world.tables.items():
        disk = world.disks[path]
        spans = sorted((start, start + size) for start, size in table.values())
        assert all(before[1] <= after[0] for before, after in pairwise(spans)), spans
        for number, (start, size) in table.items():
            assert size > 0
            assert size % disk.logical_sector == 0
            if (path, number) in world.new:
                assert start % MIB == 0
                assert start >= MIB
                assert start + size <= disk.size - MIB
            else:
                there = next(each for each in disk.partitions if each.number == number)
                wanted = resized.get((path, number), there.size)
                assert (start, size) == (there.start, wanted)
                assert start + size <= max(disk.size - MIB, there.start + there.size)


def _require_losses(world: World, plan: InstallPlan, machine: Machine) -> None:
    """Exactly what is overwritten is told of, and the layers that lie on it."""
    told = {line.partition(": ")[0] for line in plan.losses if line.startswith("/dev/")}
    partitions = {path for path in world.lost if path in world.old}
    assert {path for path in told if path in world.old} == partitions
    for disk in machine.disks:
        text = f"all of {disk.path} "
        if disk.path not in world.lost:
            assert not any(line.startswith(text) for line in plan.losses)
            assert disk.path not in told
        elif disk.partitions or disk.filesystem:
            assert disk.path in told or any(
                line.startswith((text, f"{disk.path}:")) or line.split(":")[0] in world.old
                for line in plan.losses
            )
    gone = _layers_on(world.lost, machine)
    named = {line.split(" on ")[0] for line in plan.losses if not line.startswith("/dev/")}
    for layer in machine.layers:
        if layer.kind is not LayerKind.SWAP:
            assert (layer in gone) == any(name.endswith(f" {layer.name}") for name in named)
    assert set(world.stopped) == {each for each in gone if each.active}


def _layers_on(paths: set[str], machine: Machine) -> set[Layer]:
    reached, found = set(paths), set[Layer]()
    while new := {
        each for each in machine.layers if reached & set(each.parents) and each not in found
    }:
        found |= new
        reached |= {path for each in new for path in each.devices}
    return found


def _require_start(world: World, plan: InstallPlan) -> None:
    """The menu finds the kernel, unless one image is both, and the kernel what the root lies on."""
    boot = world.mounts.get("/boot", world.mounts["/"])
    lower = world.all_below(boot)
    assert not any(each.startswith(("encrypted/", "volume/")) for each in lower)
    image = written(plan, "/etc/kernel/cmdline")
    menu = image or written(plan, "/boot/grub/grub.cfg")
    assert image or world.filesystems[boot].uuid in menu
    root = world.mounts["/"]
    assert f"root=UUID={world.filesystems[root].uuid} " in menu
    needed = {
        each for path in ("/", "/usr") for each in world.all_below(world.mounts.get(path, root))
    }
    for reference, action in world.made_by.items():
        text = _argument(action)
        assert text is None or (f" {text} " in menu.replace("\n", " ")) == (reference in needed)
    modules = written(plan, "/etc/dracut.conf.d/zz-installer.conf")
    kinds = {each.partition("/")[0] for each in needed}
    assert (" mdraid " in modules) == ("array" in kinds)
    assert ('mdadmconf="yes"' in modules) == ("array" in kinds)
    assert (" lvm " in modules) == ("volume" in kinds)
    opens = "systemd-cryptsetup" in modules or "photon-tpm2" in modules
    assert opens == ("encrypted" in kinds)
    assert (" photon-keyboard " in modules) == opens
    loaders = WriteEsp | WriteSystemdBoot | EmbedBiosGrub
    assert any(isinstance(each, loaders) for each in actions_of(plan))
    for action in actions_of(plan):
        if isinstance(action, WriteEsp):
            assert world.filesystems[action.volume].kind == "vfat"
            assert action.volume not in world.mounts.values()
            assert world.filesystems[boot].uuid in action.grub_cfg


def _argument(action: Action) -> str | None:
    match action:
        case CreateArray():
            digits = action.uuid.replace("-", "")
            return "rd.md.uuid=" + ":".join(digits[at : at + 8] for at in range(0, 32, 8))
        case EncryptVolume():
            return f"rd.luks.name={action.uuid}={action.name}"
        case CreateLogicalVolume():
            return f"rd.lvm.lv={action.group}/{action.name}"
    return None


def _require_files(world: World, plan: InstallPlan) -> None:
    """fstab, crypttab and mdadm.conf name all that was made, and nothing else."""
    lines = [line.split() for line in written(plan, "/etc/fstab").splitlines()[1:]]
    assert all(len(line) == 6 for line in lines)
    places = [line[1] for line in lines if line[1] != "none"]
    assert len(set(places)) == len(places)
    assert set(world.mounts) | {"/boot/efi"} >= {
        line[1] for line in lines if line[1] != "none" and line[2] != "none"
    }
    # The second of A/B root filesystems is mounted at /mnt while it is filled.
    assert set(world.mounts) - {"/mnt"} <= set(places)
    known = {each.uuid for each in world.filesystems.values()}
    known |= {each.uuid for each in world.old.values() if each.path not in world.lost}
    for source, *_ in lines:
        assert source.startswith("/") or source.removeprefix("UUID=") in known
    swaps = [each for each in world.filesystems.values() if each.kind == "swap"]
    assert {each.uuid for each in swaps} <= {line[0].removeprefix("UUID=") for line in lines}
    crypttab = written(plan, "/etc/crypttab")
    mdadm = written(plan, "/etc/mdadm/mdadm.conf")
    for action in world.made_by.values():
        if isinstance(action, EncryptVolume):
            assert f"\n{action.name} UUID={action.uuid} none " in crypttab
        if isinstance(action, CreateArray):
            assert f"ARRAY /dev/md/{action.name} " in mdadm
    assert len(list(_entries(crypttab))) == sum(
        isinstance(each, EncryptVolume) for each in world.made_by.values()
    )


def _entries(text: str) -> Iterator[str]:
    return (line for line in text.splitlines() if not line.startswith("#"))
