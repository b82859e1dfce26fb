"""The hook of pre-commit and the action of GitHub: they call the command as it is."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from installer.command.parser import PROGRAM, parser
from tests.engine import TESTS, kickstart

PROJECT = TESTS.parent


def loaded(name: str) -> Any:
    return yaml.safe_load((PROJECT / name).read_text("utf-8"))


def test_the_hook() -> None:
    (hook,) = loaded(".pre-commit-hooks.yaml")
    program, *arguments = hook["entry"].split()
    assert program == PROGRAM
    assert parser().parse_args([*arguments, "a.json", "b.yaml"]).kickstart == ["a.json", "b.yaml"]
    for name, wanted in {
        "photon.json": True, "sites/ks-web.yml": True, "ks.json": True,
        "package.json": False, "marks.json": False,
    }.items():  # fmt: skip
        assert bool(re.search(hook["files"], name)) is wanted


@pytest.fixture
def action(tmp_path: Path) -> Any:
    """Runs the action's step on the files, with the command of this tree in the place of pipx."""
    step = loaded("action.yml")["runs"]["steps"][0]
    pipx = tmp_path / "bin/pipx"
    pipx.parent.mkdir()
    pipx.write_text(
        f'#!/bin/sh\n[ "$1 $2 $3 $4" = "run --spec {PROJECT} {PROGRAM}" ] || exit 99\nshift 4\n'
        f'PYTHONPATH={PROJECT} exec {sys.executable} -P -m installer "$@"\n'
    )
    pipx.chmod(0o755)

    def run(files: str, sarif: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
            env={
                "PATH": f"{pipx.parent}:{os.environ['PATH']}",
                "GITHUB_ACTION_PATH": str(PROJECT),
                "FILES": files,
                "SARIF": sarif,
            },
            cwd=tmp_path, capture_output=True, text=True, check=False,
        )  # fmt: skip

    (tmp_path / "sub").mkdir()
    (tmp_path / "good.json").write_text(json.dumps(kickstart()), encoding="utf-8")
    (tmp_path / "sub/bad one.json").write_text(json.dumps(kickstart(hostnam="x")), encoding="utf-8")
    return run


def test_the_action(action: Any, tmp_path: Path) -> None:
    assert (action("good.json").returncode, action("good.json").stdout) == (0, "")
    done = action("good.json\n**/*.json\n", "out.sarif")
    assert done.returncode == 2, done.stderr
    assert done.stdout.startswith("::error file=sub/bad one.json,line=1,col=")
    (run,) = json.loads((tmp_path / "out.sarif").read_text("utf-8"))["runs"]
    assert len(run["results"]) == 1


def test_the_action_refuses_patterns_that_match_nothing(action: Any) -> None:
    done = action("no-such/*.json")
    assert (done.returncode, done.stdout) == (
        1, "::error title=photon-installer::no file matches no-such/*.json\n",
    )  # fmt: skip
