"""The last look at a new host: would it start?"""

from __future__ import annotations

import contextlib
import json
import shutil
from dataclasses import dataclass
from pathlib import Path

from installer.actions.boot.owner_keys import BOOT_FOLDER
from installer.actions.context import Context
from installer.actions.host.files import WriteFile
from installer.actions.host.finish import LOG_FOLDER
from installer.boot.esp import Esp, copied_files
from installer.boot.layout import DEBIAN
from installer.boot.places import Places, mounts_below
from installer.boot.volumes import read_volumes
from installer.boot_check.next_start import (
    OTHER_FIRMWARE,
    grub_names,
    this_firmware,
)
from installer.boot_check.report import Report, full_report
from installer.config.boot import BootMode
from installer.errors import Unbootable
from installer.events import BootChecked, Message
from installer.measured.predict import FirmwareState
from installer.secureboot.signature import SignatureVerifier
from installer.secureboot.trust import machine_trust, stock_trust
from installer.secureboot.variables import EFIVARS
from installer.system.mounts import read_mounts
from installer.system.private import private_directory
from installer.verify.esp import Judge
from installer.verify.host import Subject
from installer.verify.nvram import machine_nvram

_RECORD = f"{LOG_FOLDER}/boot.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class EspToCheck:
    """An ESP by its reference, and its boot entry: the partition's GUID and the entry's label."""

    volume: str
    partition_guid: str
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyBoot:
    """Read everything again that the host starts from, and fail if it would not start.

    ``bios`` are the disks that a BIOS should start it from. ``elsewhere`` says that another
    machine will start it (an image, or EFI on a machine that runs its BIOS): stock firmware, with
    the owner's certificate if there is one, is what counts then, and no boot entry is expected.
    ``ordered`` says that the entry must be tried by itself, ``enforcing`` that the firmware will
    enforce Secure Boot from its next start on, whatever it says now.
    """

    mode: BootMode
    esps: tuple[EspToCheck, ...] = ()
    bios: tuple[str, ...] = ()
    elsewhere: bool = False
    ordered: bool = True
    enforcing: bool = False
    weight: float = 3.0

    def describe(self) -> str:
        """See :class:`~installer.actions.action.Action`."""
        by = "stock firmware" if self.elsewhere else "this machine's firmware"
        efi = f" by {by}" if self.mode is not BootMode.BIOS else ""
        return f"check that what was installed will boot{efi}"

    def check(self, context: Context) -> None:
        """Nothing to look at before the host is there."""

    def run(self, context: Context) -> None:
        """Check it, tell what was found, and keep that in the host."""
        report = _report(self, context)
        context.expected_pcrs.update(report.pcrs)
        for finding in report.findings:
            context.emit(Message(level="info", text=report.line(finding)))
        context.emit(
            BootChecked(
                boots=report.boots,
                trust=report.trust,
                enforced=report.enforced,
                findings=tuple(
                    (str(each.outcome), each.what, each.text, each.hint) for each in report.findings
                ),
            )
        )
        text = json.dumps(report.to_json(), indent=1, ensure_ascii=False) + "\n"
        WriteFile(path=_RECORD, text=text, mode=0o600).run(context)
        context.runner.run(["sync", "--file-system", str(context.root.place(_RECORD))])
        if not report.boots:
            what = "; ".join(f"{each.what}: {each.text}" for each in report.failures)
            raise Unbootable(f"the host would not boot: {what}", report.failures[0].hint)


def _report(action: VerifyBoot, context: Context) -> Report:
    directory = context.work / "boot-check"
    private_directory(directory)
    with contextlib.ExitStack() as undo:
        undo.callback(shutil.rmtree, directory, ignore_errors=True)
        places = Places(
            runner=context.runner,
            undo_runner=context.undo_runner or context.runner,
            work=directory / "volumes",
            undo=undo,
            volumes=read_volumes(context.runner, context.nodes.values()),
            mounts=mounts_below(context.target, read_mounts()),
        )
        efi = action.mode is not BootMode.BIOS
        subject = Subject(
            places=places,
            root=context.target,
            esps=tuple(_esp(each, context, directory) for each in action.esps) if efi else (),
            judge=_judge(action, context, directory / "signatures") if efi else None,
            bios=tuple(context.node(each) for each in action.bios),
            bios_grub=context.root.followed(DEBIAN.bios_path),
            nvram=None if action.elsewhere else machine_nvram(ordered=action.ordered),
        )
        return full_report(
            subject,
            lambda: _firmware(action),
            lambda: {} if action.elsewhere else grub_names(context.runner),
        )


def _esp(wanted: EspToCheck, context: Context, directory: Path) -> Esp:
    """The ESP as the disk has it, not as the kernel remembers it."""
    node = context.node(wanted.volume)
    context.runner.run(["sync", node])
    context.runner.run(["blockdev", "--flushbufs", node])
    place = directory / f"esp-{wanted.partition_guid}"
    return Esp(
        name=f"ESP {node}",
        files=copied_files(context.runner, node, place),
        partition=wanted.partition_guid,
        label=wanted.label,
    )


def _judge(action: VerifyBoot, context: Context, directory: Path) -> Judge:
    if _is_unknown(action):
        owner = context.root.followed(f"{BOOT_FOLDER}/db.pem")
        trust = stock_trust(owner if owner.is_file() else None)
    else:
        trust = machine_trust(enforced=action.enforcing or None)
    verifier = SignatureVerifier(runner=context.runner, folder=directory)
    verifier.require()
    return Judge(verifier=verifier, trust=trust)


def _firmware(action: VerifyBoot) -> FirmwareState:
    return (
        OTHER_FIRMWARE if _is_unknown(action) else this_firmware(enforced=action.enforcing or None)
    )


def _is_unknown(action: VerifyBoot) -> bool:
    """Whether nothing is known of the firmware that will start the host."""
    return action.elsewhere or not EFIVARS.is_dir()
