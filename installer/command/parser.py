"""The arguments of every command. Help, man page and shell completion are made from this."""

from __future__ import annotations

import argparse
from typing import Any

from installer import __version__
from installer.errors import ExitCode
from installer.sizes import parse_size
from installer.sources.forms import forms_text

PROGRAM = "photon-installer"
# How `check` prints what it found; the others know the first two.
FORMATS = ("text", "json", "sarif", "github")


def exit_codes() -> dict[ExitCode, str]:
    """What each exit code means."""
    return {code: code.meaning for code in ExitCode}


def parser() -> argparse.ArgumentParser:
    """The parser; ``command`` of what it parses names a module of this package."""
    whole = argparse.ArgumentParser(
        prog=PROGRAM,
        description="Install Photon, a lightweight container host.",
        epilog="\n".join(
            ["exit codes:", *(f"  {int(code):<3} {text}" for code, text in exit_codes().items())]
        ),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    whole.add_argument("--version", action="version", version=__version__)
    commands = whole.add_subparsers(required=True, metavar="COMMAND", dest="command")
    _add_kickstart_commands(commands)
    _add_machine_commands(commands)
    return whole


def _add_kickstart_commands(group: Any) -> None:
    check = _command(group, "check", "check whether kickstarts are valid")
    plan = _command(group, "plan", "print exactly what would happen; write nothing")
    install = _command(group, "install", "install onto this machine")
    image = _command(group, "image", "install into a new raw image file")
    check.add_argument("kickstart", nargs="+", help=forms_text())
    check.add_argument(
        "--format",
        choices=FORMATS,
        default="text",
        help="how problems are printed: github are annotations of a workflow",
    )
    for each in (plan, install, image):
        each.add_argument("kickstart", help=forms_text())
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
    _command(group, "facts", "print what the installer knows of this machine")
    _add_verify(_command(group, "verify", "check the payload, or that a host boots"))
    tui = _command(group, "tui", "install with the screens")
    tui.add_argument("--console", metavar="TTY", help="the name of this console for others")
    tui.add_argument("--plain", action="store_true", help="lines instead of a full screen")
    _command(group, "unattended", "what the medium runs when photon.ks= is given")


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
        help="with --root: the directory where it is mounted, or its device",
    )
    verify.add_argument(
        "--variables", metavar="FILE", help="firmware variables to judge by, like OVMF_VARS.fd"
    )


def _command(group: Any, name: str, text: str) -> argparse.ArgumentParser:
    command: argparse.ArgumentParser = group.add_parser(
        name, help=text, description=text[0].upper() + text[1:] + "."
    )
    command.add_argument(
        "--json",
        action="store_const",
        dest="format",
        const="json",
        default="text",
        help="print JSON",
    )
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
