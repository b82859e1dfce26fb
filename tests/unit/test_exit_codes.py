"""The exit codes: each has a meaning and an error, and all texts mean the same by it."""

from __future__ import annotations

import re
from pathlib import Path

from installer import errors
from installer.errors import ExitCode, InstallerError

PROJECT = Path(__file__).resolve().parents[2]
TEXTS = [PROJECT / "README.md", *(PROJECT / "docs").glob("*.md")]
SCRIPTS = [path for path in (PROJECT / "iso_hooks/live").rglob("*") if path.is_file()]


def test_the_readme_has_them_and_no_other() -> None:
    readme = (PROJECT / "README.md").read_text("utf-8").partition("| exit code | |")[2]
    rows = re.findall(r"^\| (\d+) \| (.*) \|$", readme.partition("\n\n")[0], re.MULTILINE)
    assert rows == [(str(int(code)), code.meaning) for code in ExitCode]


def test_each_has_an_error() -> None:
    kinds = [
        each
        for each in vars(errors).values()
        if isinstance(each, type) and issubclass(each, InstallerError)
    ]
    assert {each.exit_code for each in kinds} == set(ExitCode) - {ExitCode.DONE}


def test_no_text_names_another() -> None:
    for path in (*TEXTS, *SCRIPTS):
        found = re.findall(r"(?:exit|exit code|failed: exit) (\d+)\b", path.read_text("utf-8"))
        assert {int(each) for each in found} <= set(ExitCode), path
