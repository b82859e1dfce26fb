"""``image``: into a new raw image file."""

from __future__ import annotations

from argparse import Namespace

from installer import api
from installer.command.carry_out import carry_out
from installer.command.consent import passphrases, require_eyes, require_root
from installer.command.reading import document_at
from installer.command.stop import STOP
from installer.errors import ExitCode


def run(arguments: Namespace) -> ExitCode:
    """Install into the file."""
    document = document_at(arguments.kickstart)
    document, machine = api.image_target(document, arguments.output, arguments.size)
    payload = api.payload_index(arguments.payload)
    seed = arguments.seed or api.new_seed()
    made = api.prepare(document, machine, payload, seed=seed, ask=passphrases())
    require_root()
    require_eyes(made)
    carry_out(
        arguments, made, lambda to: api.install_image(made, listeners=to, cancelled=STOP.is_set)
    )
    return ExitCode.DONE
