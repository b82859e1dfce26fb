"""docs/boot.md says of the boot loader what the installer does."""

from __future__ import annotations

import re
from pathlib import Path

from installer.actions.boot.esp import ESP_FILES, FALLBACK_LIST
from installer.actions.boot.menu_password import PASSWORD_FILE
from installer.config.boot import BootOrder
from installer.plan.boot.hardening import KSPP
from ks_schema import schema

TEXT = (Path(__file__).parents[2] / "docs/boot.md").read_text("utf-8")


def test_the_table_of_the_profile_is_the_profile() -> None:
    (table,) = re.findall(r"\| argument \| what it does \| cost \|\n\|-.*\n((?:\|.*\n)+)", TEXT)
    assert table.splitlines() == [
        f"| `{each.argument}` | {each.effect} | {each.cost} |" for each in KSPP
    ]


def test_what_is_left_out_is_not_in_the_profile() -> None:
    left_out = TEXT.partition("Recommended too, and left out:")[2].partition("##")[0]
    words = {word for line in re.findall(r"^\| (`.*?) \|", left_out, re.MULTILINE) for word in
             re.findall(r"`([^`]*)`", line)}  # fmt: skip
    assert len(words) > 8
    assert words.isdisjoint(each.argument for each in KSPP)


def test_every_order_and_every_key_is_explained() -> None:
    for order in BootOrder:
        assert f'`"order": "{order}"`' in TEXT
    definitions = schema()["$defs"]
    keys = {*definitions["boot"]["properties"], *definitions["owner_keys"]["properties"]}
    assert {key for key in keys if f'"{key}"' not in TEXT} == set()


def test_the_files_are_named() -> None:
    assert PASSWORD_FILE in TEXT
    for name in ("EFI/debian/shimx64.efi", "EFI/BOOT/BOOTX64.EFI"):
        assert name in ESP_FILES
        assert name in TEXT
    assert FALLBACK_LIST in TEXT
