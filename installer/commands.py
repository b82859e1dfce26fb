"""What each command does: a few calls of the facade, and what is printed."""

from __future__ import annotations

import contextlib
import getpass
import os
import sys
import threading
from argparse import Namespace
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NoReturn

from installer import api
from installer.config.model import InstallConfig
from installer.config.read import asked_later
from installer.errors import Cancelled, CommandFailed, ExitCode, KickstartInvalid
from installer.events import Emit, Event
from installer.fetch import RetryPolicy
from installer.journal import json_lines, log_lines, tee
from installer.kickstart import read_kickstart
from installer.kickstart.sources import Surroundings
from installer.machine import Machine, machine_from_json
from installer.machine_text import machine_text
from installer.output import say
from installer.plan.model import InstallPlan, confirmation, disks_text, is_confirmed
from installer.private import private_text
from installer.recovery_notice import has_terminal, show_on_terminal
from ks_schema import Document
from ks_schema.syntax import json_data
from ks_schema.wording import json_line

INTERRUPTED = "Interrupted; nothing was written."
_SHORTEST_PASSPHRASE = 8
_LARGEST_MACHINE = 16 << 20

# Set by a signal; what runs then ends in order.
STOP = threading.Event()
# Set once there may be something to take back; before that a signal ends the program at once.
IN_ORDER = threading.Event()


def check(arguments: Namespace) -> ExitCode:
    """``check``: every problem of a kickstart, or that it has none."""
    document = _document(arguments)
    problems = api.problems(document)
    if problems:
        raise KickstartInvalid(problems)
    _print(arguments, {"problems": []}, f"{document.name}: valid")
    return ExitCode.DONE


def plan(arguments: Namespace) -> ExitCode:
    """``plan``: what would happen."""
    made = _plan(arguments, lambda *_: _machine(arguments.machine), asked_later)
    _print(arguments, made.to_json(), made.describe())
    return ExitCode.DONE


def install(arguments: Namespace) -> ExitCode:
    """``install``: onto a disk of this machine, after a question unless ``--yes`` was given."""
    made = _plan(arguments, lambda *wanted: api.probe_machine(_to_stderr, *wanted), _ask())
    _require_root()
    _require_eyes(made)
    if not arguments.yes:
        _confirm(made)
    with _sinks(arguments) as emit:
        api.install(made, emit=emit, cancelled=STOP.is_set)
    if made.shown_once:
        show_on_terminal(made.shown_once)
    return ExitCode.DONE


def image(arguments: Namespace) -> ExitCode:
    """``image``: into a file."""
    document = _document(arguments)
    document, machine = api.image_target(document, arguments.output, arguments.size)
    payload = api.payload_index(arguments.payload)
    seed = arguments.seed or api.new_seed()
    made = api.prepare(document, machine, payload, seed=seed, ask=_ask())
    _require_root()
    _require_eyes(made)
    with _sinks(arguments) as emit:
        api.install_image(made, emit=emit, cancelled=STOP.is_set)
    if made.shown_once:
        show_on_terminal(made.shown_once)
    return ExitCode.DONE


def facts(arguments: Namespace) -> ExitCode:
    """``facts``: the machine."""
    machine = api.probe_machine(_to_stderr)
    _print(arguments, machine.to_json(), machine_text(machine))
    return ExitCode.DONE


def verify(arguments: Namespace) -> ExitCode:
    """``verify``: the payload of the medium, or whether a host boots."""
    if arguments.esp and arguments.root is None:
        raise CommandFailed("--esp is for the check of a mounted host", "Give --root as well.")
    if arguments.root is not None or arguments.disk is not None:
        return _verify_boot(arguments)
    if arguments.variables:
        raise CommandFailed(
            "--variables is for the check of a host", "Give --root or --disk as well."
        )
    payload = api.payload_index(arguments.payload)
    shown = -1

    def advance(fraction: float) -> None:
        nonlocal shown
        if int(fraction * 10) > shown and not arguments.json:
            shown = int(fraction * 10)
            say(f"{shown * 10:3d} % verified")

    api.verify_payload(payload, advance)
    _print(arguments, {"verified": payload.source}, f"{payload.source}: every digest is right")
    return ExitCode.DONE


def tui(arguments: Namespace) -> NoReturn:
    """``tui``: the screens."""
    # The screens are a program of their own, over the engine: this one makes room for it.
    safe_path = ["-P"] if sys.flags.safe_path else []
    console = ["--console", arguments.console] if arguments.console else []
    plain = ["--plain"] if arguments.plain else []
    command = [sys.executable, *safe_path, "-m", "screens", *console, *plain]
    os.execv(sys.executable, command)  # noqa: S606  (no shell is wanted)


def unattended(arguments: Namespace) -> ExitCode:
    """``unattended``: what the kernel command line asks for."""
    from installer.unattended import run  # noqa: PLC0415

    del arguments
    _require_root()
    IN_ORDER.set()
    return run(STOP.is_set)


def _verify_boot(arguments: Namespace) -> ExitCode:
    _require_root("look into a host's disks")
    IN_ORDER.set()
    try:
        report = api.verify_boot(
            root=arguments.root,
            disk=arguments.disk,
            esps=tuple(arguments.esp),
            variables=arguments.variables,
            cancelled=STOP.is_set,
        )
    except Cancelled:
        raise Cancelled(INTERRUPTED) from None
    _print(arguments, report.to_json(), report.text())
    return ExitCode.DONE if report.boots else ExitCode.UNBOOTABLE


def _document(arguments: Namespace) -> Document:
    retries = RetryPolicy(cancelled=STOP.is_set)
    return read_kickstart(
        arguments.kickstart, emit=_to_stderr, surroundings=Surroundings(retries=retries, pipes=True)
    )


def _plan(
    arguments: Namespace, look: Callable[[InstallConfig, str], Machine], ask: api.Ask | None
) -> InstallPlan:
    """The plan; ``look`` gives the machine for a configuration, by the name of its document."""
    document = _document(arguments)
    config = api.configuration(document, ask)
    machine = look(config, document.name)
    payload = api.payload_index(arguments.payload)
    seed = arguments.seed or api.new_seed()
    return api.prepare_configured(config, document, machine, payload, seed=seed)


def _ask() -> api.Ask | None:
    """Who answers for the passphrases that a kickstart leaves open: whoever sits there, or none."""
    return _asked_for if sys.stdin.isatty() else None


def _asked_for(pointer: str) -> str:
    first = getpass.getpass(f"Passphrase for {pointer.removesuffix('/passphrase')}: ")
    if len(first) < _SHORTEST_PASSPHRASE:
        raise ValueError(f"it is shorter than {_SHORTEST_PASSPHRASE} characters")
    if getpass.getpass("The same again: ") != first:
        raise ValueError("the two are different")
    return first


def _require_eyes(made: InstallPlan) -> None:
    """What was drawn is shown on the terminal; without one, nobody would ever have it."""
    if made.shown_once and not has_terminal():
        titles = ", ".join(each.title for each in made.shown_once)
        raise CommandFailed(
            f"there is no terminal to show this on: {titles}",
            "Start it from a terminal, or say in the kickstart what is drawn otherwise; "
            '"recovery_key": false draws none.',
        )


def _machine(path: str | None) -> Machine:
    if path is None:
        return api.probe_machine(_quiet)
    try:
        with Path(path).open("rb") as file:
            # What is cut off there is not JSON: nothing that describes a machine is so large.
            return machine_from_json(json_data(file.read(_LARGEST_MACHINE)))
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise CommandFailed(
            f"{path}: {reason}", "Give the output of `photon-installer facts --json`."
        ) from error


def _confirm(made: InstallPlan) -> None:
    disks = (*made.disks, *made.wiped)
    say(made.describe())
    what = "Everything" if not any(each.keep for each in made.storage.disks) else "What is lost"
    typed = confirmation(disks)
    say(f"{what} on {disks_text(disks)} will be gone. Type {typed} to go on: ", end="")
    if not is_confirmed(sys.stdin.readline(), disks):
        raise Cancelled("Not confirmed; nothing was written.")


def _require_root(to: str = "install") -> None:
    if os.geteuid() != 0:
        raise CommandFailed(f"only root can {to}", "Run it again with sudo.")


@contextlib.contextmanager
def _sinks(arguments: Namespace) -> Iterator[Emit]:
    """Where the events of an installation go: the terminal, and the file asked for."""
    shown = json_lines(sys.stdout) if arguments.json else log_lines(sys.stdout, level="info")
    with contextlib.ExitStack() as stack:
        files = [stack.enter_context(event_file(arguments.events))] if arguments.events else []
        IN_ORDER.set()
        yield tee(shown, *files)


@contextlib.contextmanager
def event_file(path: str) -> Iterator[Emit]:
    """A sink that writes JSON lines to a file, a pipe or a serial port.

    :raises CommandFailed: it cannot be opened.
    """
    try:
        stream = private_text(Path(path), errors="backslashreplace", links=True)
    except OSError as error:
        raise CommandFailed(f"{path}: {error.strerror}", "Events cannot go there.") from error
    try:
        yield json_lines(stream)
    finally:
        # A reader that left early is not worth an error after the installation.
        with contextlib.suppress(OSError):
            stream.close()


def _print(arguments: Namespace, data: object, text: str) -> None:
    say(json_line(data) if arguments.json else text)


def _to_stderr(event: Event) -> None:
    tee(log_lines(sys.stderr, level="info"))(event)


def _quiet(_: Event) -> None:
    """Looking at the machine is not worth a line."""
