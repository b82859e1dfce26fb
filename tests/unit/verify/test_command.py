"""The command, as far as it goes without a disk."""

import os

import pytest

from installer.cli import main
from installer.errors import ExitCode


@pytest.mark.parametrize("words", [["--esp", "/boot/efi"], ["--variables", "vars.fd"]])
def test_what_is_only_for_hosts(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", *words]) == ExitCode.COMMAND
    assert "Give --root or --disk" in capsys.readouterr().err


def test_one_thing_at_a_time() -> None:
    with pytest.raises(SystemExit):
        main(["verify", "--root", "/", "--disk", "x"])


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may look")
def test_no_such_disk(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", "--disk", "/nowhere"]) == ExitCode.COMMAND
    assert "/nowhere" in capsys.readouterr().err
