"""The command line: one parser, one function for each command, one place for errors."""

from __future__ import annotations

import argparse
import signal
import traceback
from collections.abc import Sequence
from typing import Any

from installer import __version__, commands
from installer.errors import Cancelled, ExitCode, InstallerError, ProblemsFound
from installer.output import OutputLost, complain, open_missing, say, set_encoding
from installer.signals import ENDING
from installer.sizes import parse_size
from ks_schema.wording import json_line

_EPILOG = """\
exit codes: 0 done, 1 a bug, 2 the kickstart or this command line is not valid, 3 the machine does
not fit or there is no plan, 4 a command failed, 5 cancelled, 6 the kickstart was not reached,
7 its server refused it, 8 it is neither JSON nor YAML, 9 the payload is missing or damaged,
10 it would not boot
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; the exit code is one of :class:`~installer.errors.ExitCode`."""
    open_missing()
    arguments = _parser().parse_args(argv)
    set_encoding(as_json=arguments.json)
    commands.STOP.clear()
    commands.IN_ORDER.clear()
    for number in ENDING:
        signal.signal(number, _stop)
    try:
        return _exit_code(arguments)
    except OutputLost as error:
        if not error.reader_left:
            complain(str(error))
        return int(ExitCode.COMMAND)


def error_json(error: InstallerError) -> dict[str, Any]:
    """An error as plain data, with every problem that it consists of."""
    problems = error.problems if isinstance(error, ProblemsFound) else ()
    return {
        "error": type(error).__name__,
        "exit_code": int(error.exit_code),
        "message": error.message,
        "hint": error.hint,
        "problems": [problem.to_json() for problem in problems],
    }


def _exit_code(arguments: argparse.Namespace) -> int:
    try:
        return int(arguments.run(arguments))
    except InstallerError as error:
        _report(error, as_json=arguments.json)
        return int(error.exit_code)
    except KeyboardInterrupt:
        _report(Cancelled(commands.INTERRUPTED), as_json=arguments.json)
        return int(ExitCode.CANCELLED)
    except OutputLost:
        raise
    except Exception:  # noqa: BLE001  (the last resort: a bug must not look like a refusal)
        complain(traceback.format_exc().rstrip())
        complain("photon-installer: this is a bug; please report the lines above.")
        return int(ExitCode.BUG)


def _stop(*_: object) -> None:
    """A signal: what was attached or written is taken back first, all else ends at once."""
    commands.STOP.set()
    if not commands.IN_ORDER.is_set():
        raise KeyboardInterrupt


def _report(error: InstallerError, *, as_json: bool) -> None:
    if as_json:
        say(json_line(error_json(error)))
    else:
        complain(str(error))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="photon-installer",
        description="Install Photon, a lightweight container host.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=__version__)
    commands_of = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_kickstart_commands(commands_of)
    _add_machine_commands(commands_of)
    return parser


def _add_kickstart_commands(group: Any) -> None:
    check = _command(group, "check", commands.check, "look whether a kickstart is valid")
    plan = _command(group, "plan", commands.plan, "say exactly what would happen; write nothing")
    install = _command(group, "install", commands.install, "install onto this machine")
    image = _command(group, "image", commands.image, "install into a new raw image file")
    for each in (check, plan, install, image):
        each.add_argument(
            "kickstart", help="a path, an http(s) URL, medium:PATH or label:LABEL[:PATH]"
        )
    for each in (plan, install, image):
        each.add_argument("--payload", metavar="DIRECTORY", help="directory or URL of index.json")
        each.add_argument("--seed", help="repeat the identifiers of an earlier plan")
    plan.add_argument("--machine", metavar="FILE", help="what `facts --json` printed elsewhere")
    install.add_argument("--yes", action="store_true", help="do not ask before erasing the disk")
    for each in (install, image):
        each.add_argument("--events", metavar="FILE", help="write events there, as JSON lines")
    image.add_argument("output", type=_path, help="the file to create")
    image.add_argument(
        "--size", type=_size, default=parse_size("8 GiB"), help='of the disk, e.g. "8 GiB"'
    )


def _add_machine_commands(group: Any) -> None:
    _command(group, "facts", commands.facts, "print what the installer knows of this machine")
    _add_verify(
        _command(group, "verify", commands.verify, "check the payload, or that a host boots")
    )
    tui = _command(group, "tui", commands.tui, "install with the screens")
    tui.add_argument("--console", metavar="TTY", help="the name of this console for others")
    tui.add_argument("--plain", action="store_true", help="lines instead of a full screen")
    _command(
        group, "unattended", commands.unattended, "what the medium runs when photon.ks= is given"
    )


def _add_verify(verify: argparse.ArgumentParser) -> None:
    what = verify.add_mutually_exclusive_group()
    what.add_argument("--payload", metavar="DIRECTORY", help="directory or URL of index.json")
    what.add_argument("--root", metavar="PATH", help="a mounted host; / is the one that runs")
    what.add_argument(
        "--disk", metavar="DISK", type=_path, help="the host on a disk or in a raw image"
    )
    verify.add_argument(
        "--esp",
        action="append",
        default=[],
        metavar="PLACE",
        help="with --root: its folder or node",
    )
    verify.add_argument(
        "--variables", metavar="FILE", help="a firmware's variables, like OVMF_VARS.fd, to go by"
    )


def _command(group: Any, name: str, run: Any, text: str) -> argparse.ArgumentParser:
    command: argparse.ArgumentParser = group.add_parser(
        name, help=text, description=text[0].upper() + text[1:] + "."
    )
    command.add_argument("--json", action="store_true", help="print JSON")
    command.set_defaults(run=run)
    return command


def _size(text: str) -> int:
    try:
        return parse_size(int(text) if text.isdigit() else text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _path(text: str) -> str:
    """A path that libparted can be given, and a plan can show."""
    if not text.isascii() and any(0xDC80 <= ord(each) <= 0xDCFF for each in text):
        raise argparse.ArgumentTypeError(f"{text!a} is not UTF-8; name it otherwise")
    return text
