"""The entry: runs a command, and gives each way in which it can end its exit code."""

from __future__ import annotations

import signal
from argparse import Namespace
from collections.abc import Sequence
from importlib import import_module

from installer.command.output import OutputLost, complain, open_missing, say, set_encoding
from installer.command.parser import parser
from installer.command.stop import IN_ORDER, INTERRUPTED, STOP
from installer.errors import Cancelled, ExitCode, InstallerError
from installer.system.signals import ENDING
from ks_schema.wording import json_line


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; the exit code is one of :class:`~installer.errors.ExitCode`."""
    open_missing()
    arguments = parser().parse_args(argv)
    set_encoding(as_json=arguments.format != "text")
    STOP.clear()
    IN_ORDER.clear()
    for number in ENDING:
        signal.signal(number, _stop)
    try:
        return _exit_code(arguments)
    except OutputLost as error:
        if not error.reader_left:
            complain(str(error))
        return int(ExitCode.COMMAND)


def _exit_code(arguments: Namespace) -> int:
    try:
        return int(import_module(f"installer.command.{arguments.command}").run(arguments))
    except InstallerError as error:
        _report(error, as_json=arguments.format == "json")
        return int(error.exit_code)
    except KeyboardInterrupt:
        _report(Cancelled(INTERRUPTED), as_json=arguments.format == "json")
        return int(ExitCode.CANCELLED)
    except OutputLost:
        raise
    except Exception:  # noqa: BLE001  (the last resort: a bug must not look like a refusal)
        import traceback  # noqa: PLC0415  (takes longer to import than a bug is likely)

        complain(traceback.format_exc().rstrip())
        complain("photon-installer: this is a bug; please report the lines above.")
        return int(ExitCode.BUG)


def _stop(*_: object) -> None:
    """A signal: what was attached or written is taken back first, all else ends at once."""
    STOP.set()
    if not IN_ORDER.is_set():
        raise KeyboardInterrupt


def _report(error: InstallerError, *, as_json: bool) -> None:
    if as_json:
        say(json_line(error.to_json()))
    else:
        complain(str(error))
