"""The table of RAID levels: everything that names a level says the same as its row."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from installer.api import check
from installer.raid import MIRROR, RAID_LEVELS, RaidLevel, raid_level
from ks_schema import schema
from screens.editor import stack_tasks
from tests.engine import kickstart

PAGE = Path(__file__).resolve().parents[2] / "docs/storage.md"
LEVELS = sorted(each.level for each in RAID_LEVELS)

by_level = pytest.mark.parametrize("level", RAID_LEVELS, ids=lambda each: str(each.level))


def test_the_language_has_them() -> None:
    assert schema()["$defs"]["array"]["properties"]["level"]["enum"] == LEVELS


def test_the_page_names_them() -> None:
    (row,) = re.findall(r"^\| `arrays` \| an md array, level (.*?), with", PAGE.read_text("utf-8"),
                        re.MULTILINE)  # fmt: skip
    assert [int(each) for each in re.findall(r"\d+", row)] == LEVELS


def test_the_screens_offer_them() -> None:
    assert [each.value for each in stack_tasks._LEVELS] == [str(each.level) for each in RAID_LEVELS]


def array(level: int, count: int) -> dict[str, object]:
    members = [f"m{number}" for number in range(count)]
    return kickstart(
        storage={
            "layout": "custom",
            "partitions": {each: {"disk": "default"} for each in ("root", *members)},
            "arrays": {"data": {"level": level, "members": members}},
            "filesystems": {"root": {"kind": "ext4", "mount": "/"}},
        }
    )


@by_level
def test_the_rules_want_its_fewest_members(level: RaidLevel) -> None:
    assert check(array(level.level, level.fewest_members)) == ()
    found = check(array(level.level, level.fewest_members - 1))
    assert [each.pointer for each in found] == ["/storage/arrays/data/members"]


@by_level
def test_what_it_holds_and_survives(level: RaidLevel) -> None:
    for count in range(level.fewest_members, 9):
        assert 1 <= level.data_members(count) <= count - (1 if level.is_redundant else 0)
    assert level.fewest_members > level.spared


def test_the_data_of_four_members() -> None:
    held = {each.level: each.data_members(4) for each in RAID_LEVELS}
    assert held == {0: 4, 1: 1, 5: 3, 6: 2, 10: 2}


def test_a_mirror_holds_boot() -> None:
    assert raid_level(MIRROR).holds_boot
