"""The engine as its users see it: the screens, the command line and the unattended run."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from installer.actions.context import RUN_DIRECTORY
from installer.boot_check.report import Report
from installer.config.keyboard import Keyboard
from installer.config.kickstart import InstallConfig
from installer.config.read import asked_later, from_document, kickstart_problems
from installer.config.recovery import with_drawn_secrets
from installer.config.write import hash_passwords, to_document
from installer.engine.execute import execute
from installer.engine.saving import file_at
from installer.engine.sinks.compose import event_sinks, to_nobody
from installer.engine.sinks.places import Listener
from installer.errors import CommandFailed, MachineUnfit
from installer.events import EVENTS_NAME, LOG_NAME, Emit
from installer.machine.facts import IMAGE_TRANSPORT, Disk, Firmware, FirmwareMode, Machine
from installer.machine.probe import machine as probe
from installer.payload.index import PayloadIndex, load_payload_index, verify_image
from installer.plan.build import make_plan
from installer.plan.disks import missing_disks, with_kickstart_source
from installer.plan.host.keyboard import keyboard_text
from installer.plan.model import InstallPlan
from installer.sources.fetch import RetryPolicy
from installer.sources.kickstart import volume_label
from installer.sources.parameters import kernel_command_line, kernel_parameters
from installer.system.private import private_text
from installer.system.run import ProcessRunner
from installer.system.target import require_target_modules
from ks_schema import Document, Problem
from ks_schema.wording import printable

MEDIUM_PAYLOAD = "/run/photon/medium/photon/payload"
_INDEX_DIGEST = Path("/run/photon/index.sha256")
_START_SCREENS = "/usr/lib/photon-installer/start-screens"
_LOAD_KEYBOARD = Path("/usr/lib/photon-installer/load-keyboard")
_INSTALLED = "installed"
_IMAGE_MEMORY = 1 << 30

# Gives the passphrase that belongs to a place (a JSON pointer) in the kickstart.
Ask = Callable[[str], str]


def new_seed() -> str:
    """A seed for one installation: every identifier of the host derives from it."""
    return secrets.token_hex(16)


def _read(document: Document, ask: Ask | None) -> InstallConfig:
    """The configuration, judged as of now: the modules that read and plan have no clock."""
    return from_document(document, ask=ask, now=datetime.now(UTC))


def problems(document: Document) -> tuple[Problem, ...]:
    """Everything that is wrong with a kickstart, as far as can be told without the machine."""
    return kickstart_problems(document, now=datetime.now(UTC))


def check(data: Mapping[str, Any]) -> tuple[Problem, ...]:
    """Everything that is wrong with a draft, which no file holds yet."""
    return problems(Document(data=data))


def configuration(document: Document, ask: Ask | None = None) -> InstallConfig:
    """The configuration a kickstart asks for, passwords hashed, and drawn what nobody said.

    :raises KickstartInvalid: something is wrong with it, or a passphrase is to be asked for and
        there is nobody to ask.
    """
    return with_drawn_secrets(hash_passwords(_read(document, ask)))


def prepare(
    document: Document,
    machine: Machine,
    payload: PayloadIndex,
    *,
    seed: str,
    ask: Ask | None = None,
) -> InstallPlan:
    """The plan for a kickstart on a machine; ``ask`` gives a passphrase by its place.

    :raises KickstartInvalid: something is wrong with the kickstart.
    :raises MachineUnfit: the machine or the payload cannot give what it asks for.
    """
    return prepare_configured(configuration(document, ask), document, machine, payload, seed=seed)


def prepare_configured(
    config: InstallConfig,
    document: Document,
    machine: Machine,
    payload: PayloadIndex,
    *,
    seed: str,
) -> InstallPlan:
    """The same of a configuration; ``document`` is where it comes from, and errors point into it.

    :raises MachineUnfit: the machine or the payload cannot give what it asks for.
    """
    label = volume_label(document.name)
    machine = replace(machine, disks=with_kickstart_source(machine.disks, label))
    try:
        return make_plan(config, machine, payload, seed=seed)
    except MachineUnfit as error:
        raise MachineUnfit(
            document.problem(each.pointer, each.message, each.hint) for each in error.problems
        ) from None


def install(
    plan: InstallPlan,
    *,
    emit: Emit = to_nobody,
    listeners: Iterable[Listener] = (),
    cancelled: Callable[[], bool] = lambda: False,
    work: Path = RUN_DIRECTORY,
) -> None:
    """Carry the plan out; its journal is kept in ``work``, and in the new host.

    Events go to ``emit``, which waits for nothing, and to ``listeners``.

    :raises InstallerError: it failed or was cancelled; the ``Failed`` event has said so.
    """
    require_target_modules()
    with event_sinks(work, emit, listeners) as sink:
        execute_plan(plan, emit=sink, cancelled=cancelled, work=work)


def execute_plan(
    plan: InstallPlan,
    *,
    emit: Emit,
    cancelled: Callable[[], bool] = lambda: False,
    work: Path = RUN_DIRECTORY,
) -> None:
    """The same for a caller that has composed the sinks itself: ``emit`` is all of them.

    :raises InstallerError: it failed or was cancelled; the ``Failed`` event has said so.
    """
    require_target_modules()
    execute(
        plan,
        ProcessRunner(emit, cancelled),
        emit,
        work=work,
        cancelled=cancelled,
        undo_runner=ProcessRunner(emit),
    )
    # The live system lets its disc go when it ends, so that the new host is what starts next. That
    # there is no room for the mark does not undo the installation.
    with contextlib.suppress(OSError):
        (work / _INSTALLED).touch()


def install_image(
    plan: InstallPlan,
    *,
    emit: Emit = to_nobody,
    listeners: Iterable[Listener] = (),
    cancelled: Callable[[], bool],
) -> None:
    """Carry a plan for an image file out, in a private directory that is gone afterwards.

    :raises InstallerError: it failed or was cancelled.
    """
    work = Path(tempfile.mkdtemp(prefix="photon-installer-", dir="/run"))
    try:
        install(plan, emit=emit, listeners=listeners, cancelled=cancelled, work=work)
    finally:
        remove_work(work)


def remove_work(work: Path) -> None:
    """Remove a work folder: its files, and the empty folders that actions have left in it.

    Never what lies deeper. Should an unmount have failed, the new root is still there, and with it
    perhaps ``/dev`` of the running system.
    """
    for name in (LOG_NAME, EVENTS_NAME, _INSTALLED):
        (work / name).unlink(missing_ok=True)
    for folder in (*(work / "root").glob("*"), *work.glob("*"), work):
        with contextlib.suppress(OSError):
            folder.rmdir()


def probe_machine(emit: Emit, config: InstallConfig | None = None, source: str = "") -> Machine:
    """The machine this runs on; in the live system, disks that come late are waited for.

    Those are the disks that ``config`` names or describes, or else any that can be used.
    ``source`` is the name of the document that it is read from.

    :raises CommandFailed: it cannot be looked at.
    """
    selectors, label = config.disks if config else (), volume_label(source)

    def missing(disks: tuple[Disk, ...]) -> str:
        return missing_disks(selectors, with_kickstart_source(disks, label))

    return probe.probe_machine(ProcessRunner(emit), emit=emit, missing=missing)


def image_target(document: Document, path: str, size: int) -> tuple[Document, Machine]:
    """A document and a machine for installing into a file, whatever disk the kickstart names.

    The kickstart that stays in the image names its own disk, so that it can reproduce the host.
    """
    # What is not of the right kind is left for the check to complain of.
    name = _member(document.data.get("storage"), "disk", "default")
    if "disks" not in document.data and isinstance(name, str):
        document = replace(
            document, data={**document.data, "disks": {name: {"device": "/dev/vda"}}}
        )
    path = os.path.abspath(path)  # noqa: PTH100  (the file need not exist)
    disk = Disk(path=path, size=size, transport=IMAGE_TRANSPORT)
    # What will start the image is not known; EFI is the common case, and boot.mode can say else.
    machine = Machine(firmware=Firmware(mode=FirmwareMode.EFI), memory=_IMAGE_MEMORY, disks=(disk,))
    return document, machine


def default_payload(command_line: str | None = None) -> str:
    """Where the running medium has its payload: a folder, or a URL after a network start."""
    text = kernel_command_line() if command_line is None else command_line
    medium = kernel_parameters(text).medium
    return f"{medium.rstrip('/')}/payload" if medium else MEDIUM_PAYLOAD


def payload_index(
    source: str | None = None, *, cancelled: Callable[[], bool] = lambda: False
) -> PayloadIndex:
    """What can be installed: from ``source``, or from the running medium.

    :raises PayloadBad: it is missing, or not what the medium was built with.
    :raises Cancelled: the user gave up waiting for a server.
    """
    policy = RetryPolicy(cancelled=cancelled)
    if source is not None:
        return load_payload_index(source, policy=policy)
    # An empty file vouches for nothing: "" is the digest of no index.
    digest = _INDEX_DIGEST.read_text("ascii")[:64] if _INDEX_DIGEST.is_file() else None
    return load_payload_index(default_payload(), sha256=digest, policy=policy)


def verify_payload(payload: PayloadIndex, advance: Callable[[float], None]) -> None:
    """Read every image of the payload and compare its digest; ``advance`` gets fractions.

    :raises PayloadBad: one differs or cannot be read.
    """
    images = {tree.image.file: tree.image for tree in payload.trees}.values()
    total = sum(image.size for image in images)
    done = 0

    def count(size: int) -> None:
        nonlocal done
        done += size
        advance(done / max(1, total))

    for image in images:
        verify_image(payload.source, image, advance=count, access=payload.access)


def verify_boot(
    *,
    cancelled: Callable[[], bool] = lambda: False,
    root: str | None = None,
    disk: str | None = None,
    esps: tuple[str, ...] = (),
    variables: str | None = None,
) -> Report:
    """Look whether a host would start: one mounted at ``root``, or else the one on ``disk``.

    :raises CommandFailed: it cannot be looked at.
    :raises Cancelled: the user gave up; everything is detached again.
    """
    from installer.boot_check.gather import verify_disk, verify_root  # noqa: PLC0415  (seldom wanted)

    if not (disk if root is None else root):
        option, what = ("--disk", "disk") if root is None else ("--root", "directory")
        raise CommandFailed(f"no {what} is named", f"Write its path behind {option}.")
    require_target_modules()
    runner = ProcessRunner(lambda _: None, cancelled)
    undo_runner = ProcessRunner(lambda _: None)
    store = Path(variables) if variables else None
    if root is not None:
        return verify_root(runner, Path(root), esps=esps, variables=store, undo_runner=undo_runner)
    return verify_disk(runner, Path(disk or ""), variables=store, undo_runner=undo_runner)


def save_kickstart(data: Mapping[str, Any], place: str) -> None:
    """Write a kickstart, hashes only, at a place of :mod:`installer.engine.saving`.

    :raises CommandFailed: it cannot be written.
    """
    config = configuration(Document(data=data, name=place), ask=asked_later)
    save_text(json.dumps(to_document(config), indent=2, ensure_ascii=False) + "\n", place)


def save_text(text: str, place: str) -> None:
    """Write a text at a place of :mod:`installer.engine.saving`, for the owner alone (0600).

    :raises CommandFailed: it cannot be written.
    """
    try:
        with (
            file_at(place, ProcessRunner(lambda _event: None)) as path,
            private_text(path) as file,
        ):
            file.write(text)
    except OSError as error:
        raise CommandFailed(
            f"{printable(place)}: {error.strerror}",
            "Name a file in a directory that can be written to.",
        ) from error


def load_keyboard(keyboard: Keyboard, emit: Emit) -> None:
    """Give the screen of the live system this keyboard layout; elsewhere, nothing is changed.

    :raises CommandFailed: it cannot be loaded.
    """
    if _LOAD_KEYBOARD.exists():
        ProcessRunner(emit).run([str(_LOAD_KEYBOARD)], stdin=keyboard_text(keyboard), timeout=60)


def end(action: str, emit: Emit) -> None:
    """Do what the kickstart wants at the end: reboot, power off, halt, or nothing (hold)."""
    if action != "hold":
        ProcessRunner(emit).run(["systemctl", action])


def _member(data: Any, key: Any, default: Any) -> Any:
    """A member of what may turn out to be no object at all."""
    if isinstance(data, Mapping) and isinstance(key, str):
        return data.get(key, default)
    return default


def start_screens(emit: Emit) -> None:
    """Let the screens ask on every console of the live system."""
    ProcessRunner(emit).run([_START_SCREENS])
