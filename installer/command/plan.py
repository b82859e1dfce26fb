"""``plan``: what would happen, on this machine or on one that a file describes."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable
from pathlib import Path

from installer import api
from installer.command.output import show
from installer.command.reading import document_at
from installer.config.kickstart import InstallConfig
from installer.config.read import asked_later
from installer.errors import CommandFailed, ExitCode
from installer.events import Event
from installer.machine.facts import Machine, machine_from_json
from installer.plan.model import InstallPlan
from ks_schema.syntax import json_data

_LARGEST_MACHINE = 16 << 20


def run(arguments: Namespace) -> ExitCode:
    """Print the plan."""
    made = plan_of(arguments, lambda *_: _machine(arguments.machine), asked_later)
    show(arguments, made.to_json(), made.describe())
    return ExitCode.DONE


def plan_of(
    arguments: Namespace, look: Callable[[InstallConfig, str], Machine], ask: api.Ask | None
) -> InstallPlan:
    """The plan; ``look`` gives the machine for a configuration, by the name of its document.

    :raises InstallerError: there is none.
    """
    document = document_at(arguments.kickstart)
    config = api.configuration(document, ask)
    machine = look(config, document.name)
    payload = api.payload_index(arguments.payload)
    seed = arguments.seed or api.new_seed()
    return api.prepare_configured(config, document, machine, payload, seed=seed)


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


def _quiet(_: Event) -> None:
    """Looking at the machine is not worth a line."""
