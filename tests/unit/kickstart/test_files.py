"""Kickstarts in files."""

from __future__ import annotations

from pathlib import Path

import pytest

from installer.errors import (
    ExitCode,
    KickstartUnparsable,
    KickstartUnreachable,
)
from tests.unit.kickstart.told import GOOD, Told


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
        told.read("/dev/zero")
