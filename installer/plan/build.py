"""Puts the plan together, phase by phase, from the decisions."""

from __future__ import annotations

import json
from dataclasses import replace

from installer import __version__
from installer.actions.bios import EmbedBiosGrub, PrepareBiosGrub
from installer.actions.disk import (
    DISK,
    AttachPartitions,
    CreateImage,
    PlannedPartition,
    WipeSignatures,
    WriteTable,
)
from installer.actions.esp import WriteBootEntry, WriteEsp
from installer.actions.files import WriteFile
from installer.actions.filesystem import BTRFS, SWAP, VFAT, MakeFilesystem, MakeSwapFile, MountRoot
from installer.actions.finish import KeepRecord, SyncRoot
from installer.actions.layers import StopLayer
from installer.actions.payload import ExtractPayload, VerifyPayload
from installer.actions.save import Area, SaveDisk
from installer.config.model import InstallConfig, SwapKind
from installer.config.write import to_document
from installer.errors import MachineUnfit
from installer.machine import IMAGE_TRANSPORT, Disk, Layer, Machine
from installer.payload import PayloadIndex
from installer.plan import boot
from installer.plan.decide import Decisions, decide, efi_started
from installer.plan.identity import derived_machine_id, derived_uuid, derived_volume_id
from installer.plan.losses import losses
from installer.plan.model import Action, InstallPlan, Phase
from installer.plan.network import network_files
from installer.plan.system import account_actions, identity_actions, script_actions, unit_actions
from installer.secret import Secret

SWAP_FILE = "/swapfile"
BOOT_ENTRY_LABEL = "Photon"
_MOUNT_OPTIONS = {"ext4": "defaults", "btrfs": "compress=zstd:1"}
_FSTAB_OPTIONS = {"ext4": "errors=remount-ro", "btrfs": "compress=zstd:1"}


def make_plan(
    config: InstallConfig, machine: Machine, payload: PayloadIndex, *, seed: str
) -> InstallPlan:
    """The plan. The same arguments give the same plan, byte for byte.

    Plain passwords must have been hashed before.

    :raises MachineUnfit: the machine or the payload cannot give what is asked for.
    """
    made = decide(config, machine, payload, seed)
    if isinstance(made, tuple):
        raise MachineUnfit(made)
    phases = (
        _phase("verify", "Verify the payload", _verify_actions(made, payload)),
        _phase("partition", "Partition the disk", _partition_actions(made, seed)),
        _phase("format", "Make the filesystems", _format_actions(made, seed)),
        _phase("payload", "Extract the system", _extract_actions(made, payload)),
        _phase("configure", "Configure the host", _configure_actions(config, made, seed)),
        _phase("scripts", "Run the scripts", script_actions(config)),
        _phase("boot", "Make the disk start", _boot_actions(config, machine, made, seed)),
    )
    plan = InstallPlan(
        seed=seed,
        disk=made.disk,
        tree=made.tree,
        payload=payload,
        phases=tuple(phase for phase in phases if phase.actions),
        losses=losses((made.disk, *made.wiped), made.layers),
        defaults=made.notes,
        on_success=config.finish.on_success.value,
    )
    return _with_record(plan, config)


def fstab_text(made: Decisions, seed: str) -> str:
    """``/etc/fstab``: everything by UUID."""
    kind = made.filesystem.value
    check = 0 if kind == BTRFS else 1
    root = derived_uuid(seed, "root")
    lines = [f"UUID={root} / {kind} {_FSTAB_OPTIONS[kind]} 0 {check}"]
    if made.layout.esp:
        # Only root may look: what lies there decides what the machine starts.
        esp = derived_volume_id(seed, "esp")
        lines.append(f"UUID={esp} /boot/efi vfat umask=0077,nofail 0 2")
    if made.swap.kind is SwapKind.PARTITION:
        lines.append(f"UUID={derived_uuid(seed, 'swap')} none swap sw 0 0")
    elif made.swap.kind is SwapKind.FILE:
        lines.append(f"{SWAP_FILE} none swap sw 0 0")
    return "# Written by photon-installer.\n" + "\n".join(lines) + "\n"


def _phase(name: str, title: str, actions: tuple[Action, ...]) -> Phase:
    return Phase(id=name, title=title, actions=actions)


def _verify_actions(made: Decisions, payload: PayloadIndex) -> tuple[Action, ...]:
    return (VerifyPayload(source=payload.source, image=made.tree.image),)


def _partition_actions(made: Decisions, seed: str) -> tuple[Action, ...]:
    disk, partitions = made.disk, made.layout.partitions
    sector = disk.logical_sector
    table = WriteTable(
        disk=disk.path, guid=derived_uuid(seed, "table"), sector=sector, partitions=partitions
    )
    attach = AttachPartitions(disk=disk.path, sector=sector, partitions=partitions)
    if disk.transport == IMAGE_TRANSPORT:
        return (CreateImage(path=disk.path, size=disk.size), table, attach)
    stops = (StopLayer(layer=layer) for layer in made.layers if layer.active)
    erased = (disk, *made.wiped)
    saves = (_save(each, partitions if each == disk else ()) for each in erased)
    wipes = (_wipe(each, made.layers) for each in erased)
    return (*stops, *saves, *wipes, table, attach)


def _save(disk: Disk, partitions: tuple[PlannedPartition, ...]) -> SaveDisk:
    """Save the ends of the disk and of its partitions, the old and the new ones."""
    areas = (
        Area(start=0, size=disk.size, node=disk.path),
        *(Area(start=each.start, size=each.size, node=each.path) for each in disk.partitions),
        *(Area(start=each.start, size=each.size) for each in partitions),
    )
    return SaveDisk(disk=disk.path, size=disk.size, areas=areas)


def _wipe(disk: Disk, layers: tuple[Layer, ...]) -> WipeSignatures:
    partitions = tuple(each.path for each in disk.partitions)
    held = any({disk.path, *partitions} & set(each.parents) for each in layers if each.active)
    return WipeSignatures(disk=disk.path, partitions=partitions, held=held)


def _format_actions(made: Decisions, seed: str) -> tuple[Action, ...]:
    layout, kind = made.layout, made.filesystem.value
    actions: list[Action] = []
    if layout.esp:
        actions.append(_filesystem(layout.esp, VFAT, derived_volume_id(seed, "esp"), "PHOTON-ESP"))
    if layout.swap:
        actions.append(_filesystem(layout.swap, SWAP, derived_uuid(seed, "swap"), "photon-swap"))
    actions.append(_filesystem(layout.root, kind, derived_uuid(seed, "root"), "photon-root"))
    actions.append(MountRoot(volume=layout.root.reference, kind=kind, options=_MOUNT_OPTIONS[kind]))
    return tuple(actions)


def _filesystem(partition: PlannedPartition, kind: str, uuid: str, label: str) -> MakeFilesystem:
    return MakeFilesystem(volume=partition.reference, kind=kind, uuid=uuid, label=label)


def _extract_actions(made: Decisions, payload: PayloadIndex) -> tuple[Action, ...]:
    return (ExtractPayload(source=payload.source, tree=made.tree),)


def _configure_actions(config: InstallConfig, made: Decisions, seed: str) -> tuple[Action, ...]:
    # An image may become many hosts, and each must draw a machine-id of its own.
    image = made.disk.transport == IMAGE_TRANSPORT
    actions: list[Action] = [WriteFile(path="/etc/fstab", text=fstab_text(made, seed))]
    if made.swap.kind is SwapKind.FILE:
        actions.append(
            MakeSwapFile(
                path=SWAP_FILE,
                size=made.swap.size or 0,
                kind=made.filesystem.value,
                uuid=derived_uuid(seed, "swap"),
            )
        )
    actions += identity_actions(config, "" if image else derived_machine_id(seed))
    actions += network_files(config.network)
    actions += account_actions(config, made.tree)
    actions += unit_actions(config)
    return tuple(actions)


def _boot_actions(
    config: InstallConfig, machine: Machine, made: Decisions, seed: str
) -> tuple[Action, ...]:
    """The menu first, then a sync, and only then what makes the disk start."""
    root, layout = derived_uuid(seed, "root"), made.layout
    line = boot.kernel_command_line(config.boot, root)
    menu = boot.grub_cfg_text(config.boot, made.tree.kernel_version, root, line)
    actions: list[Action] = [
        WriteFile(
            path="/etc/default/grub.d/zz-installer.cfg", text=boot.grub_defaults_text(config.boot)
        ),
        WriteFile(path="/boot/grub/grub.cfg", text=menu, mode=0o600),
    ]
    if layout.bios_boot:
        actions.append(PrepareBiosGrub(filesystem=made.filesystem.value, root_uuid=root))
    actions.append(SyncRoot())
    if layout.bios_boot:
        actions.append(
            EmbedBiosGrub(disk=DISK, start=layout.bios_boot.start, size=layout.bios_boot.size)
        )
    if layout.esp:
        grub_cfg = boot.esp_grub_cfg_text(root)
        actions.append(WriteEsp(volume=layout.esp.reference, grub_cfg=grub_cfg))
    if layout.esp and efi_started(machine):
        actions.append(
            WriteBootEntry(
                disk=DISK,
                partition=layout.esp.number,
                partition_guid=layout.esp.guid,
                label=BOOT_ENTRY_LABEL,
            )
        )
    return tuple(actions)


def _with_record(plan: InstallPlan, config: InstallConfig) -> InstallPlan:
    """The plan with the step that leaves its own text in the host, just before the sync."""
    record = KeepRecord(
        kickstart=Secret(json.dumps(to_document(config), indent=2, ensure_ascii=False) + "\n"),
        plan=plan.describe(),
        report=json.dumps({"installer": __version__, **plan.to_json()}, indent=1) + "\n",
    )
    *others, last = plan.phases
    where = next(i for i, each in enumerate(last.actions) if isinstance(each, SyncRoot))
    actions = (*last.actions[:where], record, *last.actions[where:])
    return replace(plan, phases=(*others, replace(last, actions=actions)))
