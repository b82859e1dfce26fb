"""``image``: into a new raw image file."""

from __future__ import annotations

from argparse import Namespace

from installer import api
from installer.command.consent import passphrases, require_eyes, require_root
from installer.command.reading import document_at
from installer.command.sinks import sinks
from installer.command.stop import STOP
from installer.errors import ExitCode
from installer.recovery_notice import show_on_terminal


def run(arguments: Namespace) -> ExitCode:
    """Install into the file."""
    document = document_at(arguments.kickstart)
    document, machine = api.image_target(document, arguments.output, arguments.size)
    payload = api.payload_index(arguments.payload)
    seed = arguments.seed or api.new_seed()
    made = api.prepare(document, machine, payload, seed=seed, ask=passphrases())
    require_root()
    require_eyes(made)
    with sinks(arguments) as emit:
        api.install_image(made, emit=emit, cancelled=STOP.is_set)
    if made.shown_once:
        show_on_terminal(made.shown_once)
    return ExitCode.DONE
