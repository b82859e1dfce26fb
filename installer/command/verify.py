"""``verify``: the payload of the medium, or whether a host boots."""

from __future__ import annotations

from argparse import Namespace

from installer import api
from installer.command.consent import require_root
from installer.command.output import say, show
from installer.command.stop import IN_ORDER, INTERRUPTED, STOP
from installer.errors import Cancelled, CommandFailed, ExitCode


def run(arguments: Namespace) -> ExitCode:
    """Look, and print what was found."""
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
        if int(fraction * 10) > shown and arguments.format == "text":
            shown = int(fraction * 10)
            say(f"{shown * 10:3d} % verified")

    api.verify_payload(payload, advance)
    show(arguments, {"verified": payload.source}, f"{payload.source}: every digest is right")
    return ExitCode.DONE


def _verify_boot(arguments: Namespace) -> ExitCode:
    require_root("look into a host's disks")
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
    show(arguments, report.to_json(), report.text())
    return ExitCode.DONE if report.boots else ExitCode.UNBOOTABLE
