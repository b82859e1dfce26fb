"""The manual page and the shell completions of the command, made from its parser."""

from __future__ import annotations

from argparse import ArgumentParser, _SubParsersAction
from collections.abc import Iterator, Mapping
from pathlib import Path

import shtab
from argparse_manpage.manpage import Manpage

from installer import __version__
from installer.command.parser import PROGRAM, exit_codes, parser

# Where each is installed, below the prefix.
MANUAL = f"share/man/man1/{PROGRAM}.1"
COMPLETIONS = {
    "bash": f"share/bash-completion/completions/{PROGRAM}",
    "zsh": f"share/zsh/site-functions/_{PROGRAM}",
}
_FILES = frozenset({"FILE", "DISK", "PATH", "PLACE"})
_FILE_ARGUMENTS = frozenset({"kickstart", "output"})
_DIRECTORIES = frozenset({"DIRECTORY"})


def command_pages() -> dict[str, str]:
    """The text of each page by its path below the prefix."""
    pages = {MANUAL: _manual()}
    return pages | {path: _completion(shell) for shell, path in COMPLETIONS.items()}


def write_command_pages(prefix: Path) -> None:
    """Write them below a directory."""
    for path, text in command_pages().items():
        (prefix / path).parent.mkdir(parents=True, exist_ok=True)
        (prefix / path).write_text(text, encoding="utf-8")


def _manual() -> str:
    whole = parser()
    whole.epilog = None  # the section takes its place
    manual = Manpage(
        whole,
        {
            "description": "install Photon, a lightweight container host",
            "manual_title": "Photon installer",
            "project_name": PROGRAM,
            "version": __version__,
        },
    )
    codes = "".join(f".TP\n.B {int(code)}\n{text}\n" for code, text in exit_codes().items())
    manual.add_section("exit status", ">", codes)
    manual.add_section("see also", ">", _SEE_ALSO)
    return str(manual)


_SEE_ALSO = "The keys of a kickstart, and a kickstart that says everything: docs/kickstart.md.\n"


def _completion(shell: str) -> str:
    whole = parser()
    for each in _with_commands(whole):
        for action in each._actions:  # noqa: SLF001  (argparse has no other way to list them)
            complete = _complete(action.metavar, action.dest)
            if complete is not None:
                vars(action)["complete"] = complete  # shtab reads it
    text: str = shtab.complete(whole, shell)
    return text


def _complete(metavar: object, name: str) -> Mapping[str, object] | None:
    if metavar in _DIRECTORIES:
        return shtab.DIRECTORY
    return shtab.FILE if metavar in _FILES or name in _FILE_ARGUMENTS else None


def _with_commands(whole: ArgumentParser) -> Iterator[ArgumentParser]:
    yield whole
    for action in whole._actions:  # noqa: SLF001
        if isinstance(action, _SubParsersAction):
            yield from action.choices.values()
