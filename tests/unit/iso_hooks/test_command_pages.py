"""The manual page and the completions of the command, and the packages that bring them along."""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from installer.command.parser import exit_codes, parser
from iso_hooks.command_pages import COMPLETIONS, MANUAL, command_pages
from iso_hooks.deb import build_deb, control
from tests.engine import MACHINES, TESTS

PROJECT = TESTS.parent
PAGES = command_pages()


def options() -> Iterator[tuple[str, str]]:
    """Each command with each of its options."""
    (commands,) = (
        each for each in parser()._actions if isinstance(each, argparse._SubParsersAction)
    )
    for name, command in commands.choices.items():
        for action in command._actions:
            yield from ((name, option) for option in action.option_strings if option[:2] == "--")


def test_the_manual_has_every_command_option_and_exit_code() -> None:
    text = PAGES[MANUAL].replace("\\-", "-")
    sections = text.split(".SH COMMAND")
    for name, option in options():
        if option != "--help":
            assert any(name in part[:60] and option in part for part in sections), (name, option)
    for code, meaning in exit_codes().items():
        assert f".B {int(code)}\n{meaning}\n" in text


def test_the_readme_has_every_exit_code() -> None:
    readme = (PROJECT / "README.md").read_text("utf-8")
    for code, meaning in exit_codes().items():
        assert f"| {int(code)} | {meaning} |" in readme


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("photon-installer ", {"check", "plan", "verify"}),
        ("photon-installer check --f", {"--format"}),
        ("photon-installer check --format ", {"sarif", "github"}),
        ("photon-installer plan /etc/host", {"/etc/hostname"}),
    ],
)
def test_bash_completes(line: str, found: set[str], tmp_path: Path) -> None:
    (tmp_path / "completion").write_text(PAGES[COMPLETIONS["bash"]], encoding="utf-8")
    script = """
        source "$1"; words=($2); [[ $2 == *" " ]] && words+=("")
        COMP_WORDS=("${words[@]}"); COMP_CWORD=$((${#words[@]} - 1)); COMP_LINE=$2
        function=$(complete -p photon-installer | sed 's/.*-F \\([^ ]*\\).*/\\1/')
        $function photon-installer "${COMP_WORDS[COMP_CWORD]}" "" 2>/dev/null
        printf '%s\\n' "${COMPREPLY[@]}"
    """
    done = subprocess.run(
        ["bash", "-c", script, "bash", str(tmp_path / "completion"), line],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert found <= set(done.stdout.split()), done.stderr


def test_the_debian_package(tmp_path: Path) -> None:
    package = build_deb(tmp_path, tmp_path / "log")
    first = package.read_bytes()
    assert build_deb(tmp_path, tmp_path / "log").read_bytes() == first
    subprocess.run(["dpkg-deb", "--extract", package, tmp_path / "tree"], check=True)
    tree, example = tmp_path / "tree/usr", PROJECT / "ks_schema/examples/full.json"
    done = subprocess.run(
        [sys.executable, "-P", "-m", "installer", "check", example],
        env={"PYTHONPATH": str(tree / "lib/photon-installer")},
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert (tree / "share/man/man1/photon-installer.1.gz").is_file()
    assert os.access(tree / "bin/photon-installer", os.X_OK)
    assert "python3-parted" not in re.findall(r"Depends: (.*)", control())[0]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    done = subprocess.run(
        [*command, "--disable-pip-version-check", "--wheel-dir", folder, PROJECT],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    (found,) = folder.glob("photon_installer-*.whl")
    return found


def test_what_is_in_the_wheel(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.split("/")[0] for name in names}
    assert {top for top in tops if not top.startswith("photon_installer-")} == {"photon_installer"}
    code = {name for name in names if name.endswith(".py")}
    here = {
        f"photon_installer/{path.relative_to(PROJECT)}"
        for package in ("installer", "screens", "ks_schema")
        for path in (PROJECT / package).rglob("*.py")
    }
    assert code == here
    for path in command_pages():
        assert any(name.endswith(f".data/data/{path}") for name in names)


def test_the_wheel_gives_the_command_beside_another_package_called_installer(
    wheel: Path, tmp_path: Path
) -> None:
    site = tmp_path / "site"
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "--no-deps", "--target", str(site), str(wheel)], check=True)
    (site / "installer").mkdir()
    (site / "installer/__init__.py").write_text("raise RuntimeError('the other one')\n")
    short = PROJECT / "ks_schema/examples/short.json"
    machine, payload = MACHINES / "empty-virtio.json", TESTS / "payload"
    commands: list[list[str | Path]] = [
        ["--version"],
        ["check", short],
        ["plan", short, "--machine", machine, "--payload", payload],
    ]
    for arguments in commands:
        done = subprocess.run(
            [sys.executable, site / "bin/photon-installer", *arguments],
            env={"PYTHONPATH": str(site), "PATH": "/usr/bin"},
            cwd=tmp_path, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert (done.returncode in {0, 3}, done.stderr.count("Traceback")) == (True, 0), done.stderr
