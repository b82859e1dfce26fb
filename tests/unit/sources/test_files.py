"""Kickstarts in files."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from installer.errors import ExitCode, KickstartUnparsable, KickstartUnreachable
from tests.unit.sources.told import GOOD, Told


@pytest.mark.parametrize("form", ["{path}", "file://{path}", "file://localhost{path}"])
def test_a_file(form: str, told: Told, tmp_path: Path) -> None:
    file = tmp_path / "ks.json"
    file.write_bytes(GOOD)
    source = form.format(path=file)
    document = told.read(source)
    assert document.data["hostname"] == "from-here"
    assert document.name == source
    assert told.events == []


def test_a_file_url_may_be_escaped(told: Told, tmp_path: Path) -> None:
    (tmp_path / "a b.json").write_bytes(GOOD)
    assert told.read(f"file://{tmp_path}/a%20b.json").data


def test_a_relative_path_and_one_with_a_colon(
    told: Told, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("ks.yaml").write_bytes(b"version: 1\n")
    Path("a:b").write_bytes(GOOD)
    assert told.read("ks.yaml").data == {"version": 1}
    assert told.read("a:b").data


@pytest.mark.parametrize(
    "source",
    ["/nowhere/ks.json", "/", "file:///nowhere", "file://other/x", "file:x", "a\0b", "",
     "ftp://host/ks", "nfs://host/ks", "http://", "http:///ks", "http://[::1", "http://h:x/",
     "http://host:99999/ks", "http://a b/"],
)  # fmt: skip
def test_sources_that_cannot_be_reached(source: str, told: Told) -> None:
    with pytest.raises(KickstartUnreachable) as caught:
        told.read(source)
    assert caught.value.exit_code is ExitCode.UNREACHABLE
    assert caught.value.message
    assert told.seconds == 0.0


def test_a_file_that_cannot_be_parsed_names_its_place(told: Told, tmp_path: Path) -> None:
    file = tmp_path / "ks.json"
    file.write_bytes(b'{"version": 1,\n}')
    with pytest.raises(KickstartUnparsable) as caught:
        told.read(str(file))
    assert caught.value.message == f"{file}:1:14: a comma before }}"
    assert caught.value.hint == "take the comma away"
    assert caught.value.exit_code is ExitCode.UNPARSABLE


def test_a_file_without_end_is_too_large(told: Told) -> None:
    with pytest.raises(KickstartUnparsable, match="larger than 1 MiB"):
        told.read("/dev/zero", pipes=True)


@pytest.mark.parametrize("source", ["{pipe}", "file://{pipe}", "medium:ks.json"])
def test_nobody_waits_for_the_writer_of_a_pipe(source: str, told: Told, tmp_path: Path) -> None:
    pipe = tmp_path / "ks.json"
    os.mkfifo(pipe)
    with pytest.raises(KickstartUnreachable, match="not a regular file"):
        told.read(source.format(pipe=pipe), medium=tmp_path)


def test_a_shell_may_give_a_pipe(told: Told) -> None:
    reading, writing = os.pipe()
    with os.fdopen(writing, "wb") as pipe:
        pipe.write(GOOD)
    assert told.read(f"/dev/fd/{reading}", pipes=True).data["hostname"] == "from-here"
    os.close(reading)


@pytest.mark.parametrize(
    "source",
    ["user:CANARY@127.0.0.1/ks", "//user:CANARY@127.0.0.1/ks", "ftp://user:CANARY@127.0.0.1/ks",
     "CANARY://user@127.0.0.1/ks", "file://user:CANARY@127.0.0.1/ks", "file:user:CANARY@host/ks",
     "medium:http://user:CANARY@127.0.0.1/ks", "medium:../user:CANARY@127.0.0.1/ks",
     "label:user:CANARY@127.0.0.1/ks", "user:CANARY/a@b@127.0.0.1/ks"],
)  # fmt: skip
def test_no_part_up_to_the_last_at_is_shown(source: str, told: Told, tmp_path: Path) -> None:
    with pytest.raises(KickstartUnreachable) as caught:
        told.read(source, medium=tmp_path, by_label=tmp_path)
    assert "CANARY" not in str(caught.value)
    assert "CANARY" not in told.text
