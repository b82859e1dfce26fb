from __future__ import annotations

from pathlib import Path

import pytest

from iso_hooks.errors import BuildFailed
from iso_hooks.iso import xorriso_command
from iso_hooks.recipe import load_recipe
from iso_hooks.run import clean_environment, output_of, run
from iso_hooks.trees import mmdebstrap_command


def test_mmdebstrap_keeps_path_rules_and_verifies() -> None:
    recipe = load_recipe()
    minimal = next(tree for tree in recipe.hosts if tree.name == "minimal-cloud")
    command = mmdebstrap_command(
        minimal, suite="trixie", target=Path("/t"), sources=Path("/s.sources")
    )
    assert "--dpkgopt=path-exclude=/usr/share/man/*" in command
    assert not any("allow-unauthenticated" in word or "trusted" in word for word in command)
    assert command[-3:] == ["trixie", "/t", "/s.sources"]
    assert any("linux-image-cloud-amd64" in word for word in command)


def test_xorriso_takes_every_time_from_the_epoch() -> None:
    command = xorriso_command(Path("/f"), Path("/o"), mbr=Path("/m"), epoch=0)
    assert "--modification-date=1970010100000000" in command
    assert "PHOTON" in command


def test_programs_see_a_clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SECRET_OF_MINE", "x")
    assert "SECRET_OF_MINE" not in clean_environment()
    assert b"SECRET_OF_MINE" not in output_of(["env"], log=tmp_path / "log")


def test_a_failed_program_shows_its_last_lines(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with pytest.raises(BuildFailed, match="ended with 3") as caught:
        run(["sh", "-c", "echo the reason; exit 3"], log=log)
    assert "the reason" in caught.value.hint
    assert str(log) in caught.value.hint


def test_a_missing_program_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(BuildFailed, match="no-such-program is not installed"):
        run(["no-such-program"], log=tmp_path / "log")
