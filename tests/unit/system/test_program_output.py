"""What programs print, when it is not what they usually print."""

from __future__ import annotations

from pathlib import Path

import pytest

from installer.errors import CommandFailed
from installer.machine.probe.layers import parse_members
from installer.system.blkid import tags
from installer.system.mounts import Mount, parse_mounts, read_mounts
from installer.system.program_output import json_object, json_rows, number_in, text_in

ODD = "a\u2028b\u00a0c\x85d"


@pytest.mark.parametrize(
    "text",
    ["", "null", "[]", '{"report": null}', '{"report": [null]}', '{"report": [{"lv": {}}]}',
     "[" * 100_000, '{"report": [{"lv": [1]}]}'],
)  # fmt: skip
def test_no_list_is_the_failure_of_the_program(text: str) -> None:
    with pytest.raises(CommandFailed, match="lvs: its output is"):
        json_rows("lvs", text, "report", "lv")


def test_rows() -> None:
    text = '{"report": [{"lv": [{"a": "x"}]}, {"lv": [{"a": null}, {}]}]}'
    assert [text_in(row, "a") for row in json_rows("lvs", text, "report", "lv")] == ["x", "", ""]
    assert json_object("x", '{"a": "\n"}') == {"a": "\n"}
    report = '{"report": [{"pv": [{"pv_name": null, "vg_name": "a", "vg_uuid": "u"}]}]}'
    assert parse_members(report) == ()
    found = parse_members(report.replace("null", '"/dev/sda1"'))
    assert found == (("/dev/sda1", "a", "u"),)


@pytest.mark.parametrize(
    ("value", "number"),
    [(5, 5), ("5", 5), ("0x10", 16), (None, 0), (True, 0), (-1, 0), ("-1", 0), ("x", 0),
     ("9" * 5000, 0), (1.5, 0), ("\u0665", 0), ([], 0)],
)  # fmt: skip
def test_numbers(value: object, number: int) -> None:
    assert number_in({"n": value}, "n") == number


def test_the_pairs_of_blkid() -> None:
    text = f"LABEL={ODD}\nTYPE=vfat\nX='\nPARTLABEL=EFI\\ system\n"
    assert tags(text) == {"LABEL": ODD, "TYPE": "vfat", "PARTLABEL": "EFI system"}


def test_a_mount_may_have_any_name(tmp_path: Path) -> None:
    """The kernel escapes blanks and ends of lines, but no others that Python takes for such."""
    text = f"36 29 8:17 / /media/{ODD}\\040e rw shared:1 - vfat /dev/sdb1 rw\n"
    (found,) = parse_mounts(text)
    assert found == Mount(
        node="/dev/sdb1", top="/", folder=Path(f"/media/{ODD} e"), kind="vfat", number="8:17"
    )
    (tmp_path / "mountinfo").write_bytes(b"36 29 8:17 / /media/\xff rw - vfat /dev/sdb1 rw\n")
    assert read_mounts(tmp_path / "mountinfo")[0].folder == Path("/media/\udcff")
