"""``unattended``: the kernel command line says where the kickstart is.

Its lines go to standard output, which the medium shows on every console; the last one is
``photon-installer: done`` or ``photon-installer: failed: exit N``, which is what QA waits for.
"""

from __future__ import annotations

import contextlib
import fcntl
import signal
import sys
import traceback
from argparse import Namespace
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from installer import api
from installer.actions.context import RUN_DIRECTORY
from installer.command.consent import require_root
from installer.command.output import complain
from installer.command.recovery_notice import show_on_consoles
from installer.command.stop import IN_ORDER, STOP
from installer.config.keyboard import Keyboard
from installer.config.kickstart import EndAction, Finish
from installer.engine.sinks.compose import event_sinks, to_nobody
from installer.engine.sinks.lines import as_text
from installer.engine.sinks.places import Listener, events_listener, output_listener
from installer.errors import ExitCode, InstallerError
from installer.events import Emit, Event, Failed, Message
from installer.sources.fetch import RetryPolicy
from installer.sources.kickstart import Surroundings, find_volume_kickstart, read_kickstart
from installer.sources.parameters import (
    KernelParameters,
    kernel_command_line,
    kernel_parameters,
    with_disk,
)
from installer.system.private import private_directory, private_text
from ks_schema import Document

SESSION_LOCK = RUN_DIRECTORY / "session.lock"
VERDICT = RUN_DIRECTORY / "verdict"


def run(arguments: Namespace) -> ExitCode:
    """Install as the kernel command line asks, then do what the kickstart wants at the end."""
    del arguments
    require_root()
    IN_ORDER.set()
    cancelled = STOP.is_set
    parameters = kernel_parameters(kernel_command_line())
    with _session_lock():
        surroundings = Surroundings(retries=RetryPolicy(cancelled=cancelled))
        with event_sinks(RUN_DIRECTORY, listeners=_listeners(parameters)) as emit:
            outcome = _install(parameters, emit, cancelled, surroundings)
        if outcome is None:
            api.start_screens(to_nobody)
            return ExitCode.DONE
        code, finish = outcome
        _give_verdict(code)
        action = finish.on_success if code is ExitCode.DONE else finish.on_failure
        if action.value == "hold":
            print("Restart the machine with Ctrl+Alt+Del.", flush=True)
            signal.pause()
        api.end(action.value, to_nobody)
    return code


def _give_verdict(code: ExitCode) -> None:
    """Print it. The medium looks at the file, and gives one where this has ended without."""
    verdict = "done" if code is ExitCode.DONE else f"failed: exit {int(code)}"
    print(f"photon-installer: {verdict}", flush=True)
    with contextlib.suppress(OSError):  # it stands, even when there is no room for a file
        VERDICT.touch()


def _install(
    parameters: KernelParameters,
    emit: Emit,
    cancelled: Callable[[], bool],
    surroundings: Surroundings,
) -> tuple[ExitCode, Finish] | None:
    """Install; what to do next is the kickstart's, or the default when it could not be read.

    None when nobody named a kickstart and no labelled volume has one: a person must be asked.
    """
    finish = Finish()
    told = False

    def tell(event: Event) -> None:
        nonlocal told
        told = told or isinstance(event, Failed)
        emit(event)

    try:
        document = _document(parameters, tell, surroundings)
        if document is None:
            return None
        finish = _finish(document)
        config = api.configuration(document)
        _load_keyboard(config.keyboard, tell)
        machine = api.probe_machine(tell, config, document.name)
        payload, seed = api.payload_index(cancelled=cancelled), api.new_seed()
        plan = api.prepare_configured(config, document, machine, payload, seed=seed)
        for line in plan.describe().splitlines():
            tell(Message(level="info", text=line))
        api.execute_plan(plan, emit=tell, cancelled=cancelled)
        show_on_consoles(plan.shown_once)
    except InstallerError as error:
        if not told:
            emit(_failed(error))
        return error.exit_code, finish
    except Exception as error:  # noqa: BLE001  (nobody is there: a bug, too, must end in a verdict)
        complain(traceback.format_exc().rstrip())
        if not told:
            emit(_failed(InstallerError(f"a bug: {type(error).__name__}: {error}")))
        return ExitCode.BUG, finish
    return ExitCode.DONE, finish


def _load_keyboard(keyboard: Keyboard, emit: Emit) -> None:
    """For a person who comes to the screen; nobody types anything, so it need not succeed."""
    try:
        api.load_keyboard(keyboard, emit)
    except InstallerError as error:
        emit(Message(level="warning", text=f"this screen keeps its keyboard layout: {error}"))


def _failed(error: InstallerError) -> Failed:
    return Failed(
        exit_code=int(error.exit_code), message=error.message, hint=error.hint, written=False
    )


def _document(
    parameters: KernelParameters, emit: Emit, surroundings: Surroundings
) -> Document | None:
    if parameters.kickstart is None:
        document = find_volume_kickstart(emit=emit, surroundings=surroundings)
    else:
        document = read_kickstart(parameters.kickstart, emit=emit, surroundings=surroundings)
    return document and with_disk(document, parameters.disk)


def _finish(document: Document) -> Finish:
    """What a kickstart wants at the end, even one that is not valid in other places."""
    asked: Any = document.data.get("finish") or {}
    try:
        return Finish(**{key: EndAction(value) for key, value in asked.items()})
    except (TypeError, ValueError, AttributeError):
        return Finish()


def _listeners(parameters: KernelParameters) -> tuple[Listener, ...]:
    """The consoles, and the place for events; without that one there is a host all the same."""
    shown = output_listener(sys.stdout, partial(as_text, level="info"))
    if not parameters.events:
        return (shown,)
    return (shown, events_listener(parameters.events, required=False))


@contextlib.contextmanager
def _session_lock() -> Iterator[None]:
    """Owned while this runs: the screens on the other consoles then only follow."""
    private_directory(SESSION_LOCK.parent)
    with private_text(SESSION_LOCK) as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
