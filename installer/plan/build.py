"""Puts the plan together, phase by phase, from the decisions."""

from __future__ import annotations

import json
from dataclasses import replace

from installer import __version__
from installer.actions.action import Action
from installer.actions.boot.slot import CopySlot
from installer.actions.host.files import WriteFile
from installer.actions.host.finish import KeepRecord, SyncRoot
from installer.actions.host.identity import RestoreIdentity
from installer.actions.host.payload import ExtractPayload, VerifyPayload
from installer.actions.storage.filesystem import MakeSwapFile
from installer.config.kickstart import InstallConfig
from installer.config.recovery import shown_once
from installer.config.storage import SwapKind
from installer.config.write import to_document
from installer.errors import MachineUnfit
from installer.identifiers import derived_machine_id, derived_uuid
from installer.machine.facts import IMAGE_TRANSPORT, Machine
from installer.payload.index import PayloadIndex
from installer.plan.boot_phase import boot_actions
from installer.plan.decide import Decisions, decide
from installer.plan.host.network import network_files, ntp_files
from installer.plan.host.preserve import find_identity
from installer.plan.host.system import (
    account_actions,
    identity_actions,
    script_actions,
    unit_actions,
)
from installer.plan.losses import losses
from installer.plan.model import InstallPlan, Phase
from installer.plan.storage import texts
from installer.plan.storage.phase import format_actions, partition_actions
from installer.secret import Secret


def make_plan(
    config: InstallConfig, machine: Machine, payload: PayloadIndex, *, seed: str
) -> InstallPlan:
    """The plan. The same arguments give the same plan, byte for byte.

    Plain passwords must have been hashed, and what nobody said drawn, before.

    :raises MachineUnfit: the machine or the payload cannot give what is asked for.
    """
    made = decide(config, machine, payload, seed)
    if isinstance(made, tuple):
        raise MachineUnfit(made)
    storage = made.storage
    partition = (
        *find_identity(config.storage, made.lost, made.layers),
        *partition_actions(storage, made.wiped, made.layers),
    )
    phases = (
        _phase("verify", "Verify the payload", _verify_actions(made, payload)),
        _phase("partition", "Partition the disk", partition),
        _phase("format", "Make the filesystems", format_actions(storage)),
        _phase("payload", "Extract the system", _extract_actions(made, payload)),
        _phase("configure", "Configure the host", _configure_actions(config, made, seed)),
        _phase("scripts", "Run the scripts", script_actions(config)),
        _phase("boot", "Make the disk start", boot_actions(config, machine, made, seed)),
    )
    plan = InstallPlan(
        seed=seed,
        disk=made.disk,
        storage=storage,
        tree=made.tree,
        payload=payload,
        phases=tuple(phase for phase in phases if phase.actions),
        losses=losses(made.lost, made.layers),
        defaults=made.notes,
        warnings=made.warnings,
        wiped=made.wiped,
        on_success=config.finish.on_success.value,
        shown_once=shown_once(config),
    )
    return _with_record(plan, config)


def _phase(name: str, title: str, actions: tuple[Action, ...]) -> Phase:
    return Phase(id=name, title=title, actions=actions)


def _verify_actions(made: Decisions, payload: PayloadIndex) -> tuple[Action, ...]:
    return (VerifyPayload(source=payload.source, image=made.tree.image, access=payload.access),)


def _extract_actions(made: Decisions, payload: PayloadIndex) -> tuple[Action, ...]:
    tree = made.tree
    return (
        ExtractPayload(
            source=payload.source,
            name=tree.name,
            image=tree.image,
            path=tree.path,
            size=tree.installed_size,
        ),
    )


def _configure_actions(config: InstallConfig, made: Decisions, seed: str) -> tuple[Action, ...]:
    # An image may become many hosts, and each must draw a machine-id of its own.
    image = made.disk.transport == IMAGE_TRANSPORT
    actions = _storage_files(made, seed)
    actions += identity_actions(config, "" if image else derived_machine_id(seed))
    if config.storage.preserve:
        actions.append(RestoreIdentity(things=tuple(map(str, config.storage.preserve))))
    actions += network_files(config.network)
    actions += ntp_files(config.ntp)
    actions += account_actions(config, made.tree)
    actions += unit_actions(config, made.tree)
    return tuple(actions)


def _storage_files(made: Decisions, seed: str) -> list[Action]:
    """What the host is told of its storage, and the swap file."""
    storage = made.storage
    written = {
        "/etc/fstab": texts.fstab_text(storage, made.swap),
        "/etc/crypttab": texts.crypttab_text(storage),
        "/etc/mdadm/mdadm.conf": texts.mdadm_text(storage),
        "/etc/systemd/zram-generator.conf": texts.zram_text(made.swap),
        "/etc/dracut.conf.d/zz-installer.conf": texts.dracut_text(storage),
    }
    actions: list[Action] = [
        WriteFile(path=path, text=text) for path, text in written.items() if text
    ]
    if made.swap.kind is SwapKind.FILE:
        actions.append(
            MakeSwapFile(
                path=texts.SWAP_FILE,
                size=made.swap.size or 0,
                kind=storage.root.kind,
                uuid=derived_uuid(seed, "swap"),
            )
        )
    return actions


def _with_record(plan: InstallPlan, config: InstallConfig) -> InstallPlan:
    """The plan with the step that leaves its own text in the host, before the copy or the sync."""
    record = KeepRecord(
        kickstart=Secret(json.dumps(to_document(config), indent=2, ensure_ascii=False) + "\n"),
        plan=plan.describe(),
        report=json.dumps({"installer": __version__, **plan.to_json()}, indent=1) + "\n",
    )
    *others, last = plan.phases
    where = next(i for i, each in enumerate(last.actions) if isinstance(each, CopySlot | SyncRoot))
    actions = (*last.actions[:where], record, *last.actions[where:])
    return replace(plan, phases=(*others, replace(last, actions=actions)))
