"""The command, as far as it goes without a disk."""

import os
import subprocess
from pathlib import Path

import pytest

from installer.command.main import main
from installer.errors import ExitCode


@pytest.mark.parametrize(
    "words", ["--esp /boot/efi", "--variables vars.fd", "--disk x.img --esp /boot/efi"]
)
def test_what_is_only_for_hosts(words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", *words.split()]) == ExitCode.COMMAND
    assert "Give --root" in capsys.readouterr().err


def test_one_thing_at_a_time() -> None:
    with pytest.raises(SystemExit):
        main(["verify", "--root", "/", "--disk", "x"])


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may look")
def test_no_such_disk(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", "--disk", "/nowhere"]) == ExitCode.COMMAND
    assert "/nowhere" in capsys.readouterr().err


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may look")
@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--disk", "/tmp"], "/tmp: it is a directory\n  Give it as --root."),
        (["--disk", ""], "no disk is named"),
        (["--root", ""], "no directory is named"),
        (["--root", "/", "--esp", "/nowhere"], "/nowhere: no such directory or device"),
    ],
)
def test_no_such_place(words: list[str], told: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", *words]) == ExitCode.COMMAND
    assert told in capsys.readouterr().err


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may look")
def test_a_table_that_is_damaged_is_not_to_be_wiped(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    image = tmp_path / "x.img"
    image.touch()
    os.truncate(image, 64 << 20)
    subprocess.run(
        ["sfdisk", "--quiet", image], input="label: gpt\ntype=L\n", text=True, check=True
    )
    with image.open("r+b") as file:
        for header in (512, (64 << 20) - 512):
            file.seek(header + 16)
            file.write(b"rubbish")
    assert main(["verify", "--disk", str(image)]) == ExitCode.UNBOOTABLE
    shown = capsys.readouterr().out
    assert "BAD   the partition table: both copies of it are damaged or gone" in shown
    assert "wipe" not in shown
