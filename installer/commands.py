"""What each command does: a few calls of the facade, and what is printed."""

from __future__ import annotations

import contextlib
import json
import sys
import threading
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path

from installer import api
from installer.errors import Cancelled, CommandFailed, ExitCode, KickstartInvalid
from installer.events import Emit, Event
from installer.journal import json_lines, log_lines, tee
from installer.kickstart import read_kickstart
from installer.machine import Machine, machine_from_json
from installer.plan.model import InstallPlan, disk_text

# Set by a signal; whatever runs then ends in order.
STOP = threading.Event()


def check(arguments: Namespace) -> ExitCode:
    """``check``: every problem of a kickstart, or that it has none."""
    document = read_kickstart(arguments.kickstart, emit=_to_stderr)
    problems = api.problems(document)
    if problems:
        raise KickstartInvalid(problems)
    _print(arguments, {"problems": []}, f"{document.name}: valid")
    return ExitCode.DONE


def plan(arguments: Namespace) -> ExitCode:
    """``plan``: what would happen."""
    made = _plan(arguments, _machine(arguments.machine))
    _print(arguments, made.to_json(), made.describe())
    return ExitCode.DONE


def install(arguments: Namespace) -> ExitCode:
    """``install``: onto a disk of this machine, after a question unless ``--yes`` was given."""
    made = _plan(arguments, api.probe_machine(_quiet))
    if not arguments.yes:
        _confirm(made)
    with _sinks(arguments) as emit:
        api.install(made, emit=emit, cancelled=STOP.is_set)
    return ExitCode.DONE


def image(arguments: Namespace) -> ExitCode:
    """``image``: into a file."""
    document = read_kickstart(arguments.kickstart, emit=_to_stderr)
    document, machine = api.image_target(document, arguments.output, arguments.size)
    payload = api.payload_index(arguments.payload)
    made = api.prepare(document, machine, payload, seed=arguments.seed or api.new_seed())
    with _sinks(arguments) as emit:
        api.install_image(made, emit=emit, cancelled=STOP.is_set)
    return ExitCode.DONE


def facts(arguments: Namespace) -> ExitCode:
    """``facts``: the machine."""
    machine = api.probe_machine(_quiet)
    _print(arguments, machine.to_json(), machine_text(machine))
    return ExitCode.DONE


def verify(arguments: Namespace) -> ExitCode:
    """``verify``: the payload of the medium."""
    payload = api.payload_index(arguments.payload)
    shown = -1

    def advance(fraction: float) -> None:
        nonlocal shown
        if int(fraction * 10) > shown and not arguments.json:
            shown = int(fraction * 10)
            print(f"{shown * 10:3d} % verified", flush=True)

    api.verify_payload(payload, advance)
    _print(arguments, {"verified": payload.source}, f"{payload.source}: every digest is right")
    return ExitCode.DONE


def tui(arguments: Namespace) -> ExitCode:
    """``tui``: the screens."""
    # Only here: the screens and urwid cost memory that the other commands need not spend.
    from screens.main import run  # noqa: PLC0415

    return ExitCode(run(console=arguments.console, plain=arguments.plain))


def unattended(arguments: Namespace) -> ExitCode:
    """``unattended``: what the kernel command line asks for."""
    from installer.unattended import run  # noqa: PLC0415

    del arguments
    return run(STOP.is_set)


def machine_text(machine: Machine) -> str:
    """The machine for people: firmware, memory, every disk and what keeps it from being used."""
    firmware = f"{machine.firmware.mode} firmware, Secure Boot {machine.firmware.secure_boot}"
    lines = [f"{machine.vendor} {machine.product}".strip(), firmware]
    for disk in machine.disks:
        reason = disk.in_use or ("the medium" if disk.medium else "")
        lines.append(disk_text(disk) + (f" -- {reason}" if reason else ""))
    lines += [f"{each.name} {each.mac} {each.driver}" for each in machine.interfaces]
    return "\n".join(line for line in lines if line)


def _plan(arguments: Namespace, machine: Machine) -> InstallPlan:
    document = read_kickstart(arguments.kickstart, emit=_to_stderr)
    payload = api.payload_index(arguments.payload)
    return api.prepare(document, machine, payload, seed=arguments.seed or api.new_seed())


def _machine(path: str | None) -> Machine:
    if path is None:
        return api.probe_machine(_quiet)
    try:
        return machine_from_json(json.loads(Path(path).read_text(encoding="utf-8")))
    except (OSError, ValueError) as error:
        raise CommandFailed(
            f"{path}: {error}", "Give the output of `photon-installer facts --json`."
        ) from error


def _confirm(made: InstallPlan) -> None:
    name = Path(made.disk.path).name
    print(made.describe())
    print(f"Everything on {disk_text(made.disk)} will be lost. Type {name} to go on: ", end="")
    sys.stdout.flush()
    if sys.stdin.readline().strip() != name:
        raise Cancelled("Not confirmed; nothing was written.")


@contextlib.contextmanager
def _sinks(arguments: Namespace) -> Iterator[Emit]:
    """Where the events of an installation go: the terminal, and the file asked for."""
    shown = json_lines(sys.stdout) if arguments.json else log_lines(sys.stdout, level="info")
    if arguments.events is None:
        yield shown
        return
    with event_file(arguments.events) as file:
        yield tee(shown, file)


@contextlib.contextmanager
def event_file(path: str) -> Iterator[Emit]:
    """A sink that writes JSON lines to a file, a pipe or a serial port.

    :raises CommandFailed: it cannot be opened.
    """
    try:
        stream = Path(path).open("w", encoding="utf-8")  # noqa: SIM115
    except OSError as error:
        raise CommandFailed(f"{path}: {error.strerror}", "Events cannot go there.") from error
    with stream:
        yield json_lines(stream)


def _print(arguments: Namespace, data: object, text: str) -> None:
    print(json.dumps(data, ensure_ascii=False) if arguments.json else text)


def _to_stderr(event: Event) -> None:
    log_lines(sys.stderr, level="info")(event)


def _quiet(_: Event) -> None:
    """Looking at the machine is not worth a line."""
