"""docs/storage.md: its examples are true, and what it links to is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from installer.config import from_document
from ks_schema import check, load, schema

DOCS = Path(__file__).resolve().parents[3] / "docs"
TEXT = (DOCS / "storage.md").read_text("utf-8")
BLOCKS = re.findall(r"```json\n(.*?)```", TEXT, re.DOTALL)


def headings(text: str) -> set[str]:
    return {
        re.sub(r"[^\w -]", "", line.lstrip("# ").lower()).replace(" ", "-")
        for line in text.splitlines()
        if line.startswith("#")
    }


@pytest.mark.parametrize("text", BLOCKS)
def test_every_block_is_a_valid_kickstart(text: str) -> None:
    document = load(text, name="example.json")
    assert check(document) == ()
    assert from_document(document).disks


def test_every_key_of_a_custom_layout_is_in_an_example() -> None:
    said = {key for text in BLOCKS for key in load(text, name="example.json").data["storage"]}
    assert {"tables", "partitions", "arrays", "volume_groups", "filesystems"} <= said


@pytest.mark.parametrize("link", re.findall(r"\]\(([^)]+)\)", TEXT))
def test_every_link_leads_somewhere(link: str) -> None:
    page, _, heading = link.partition("#")
    text = (DOCS / page).read_text("utf-8") if page else TEXT
    assert not heading or heading in headings(text)


def test_the_keys_that_it_explains_are_keys() -> None:
    storage = schema()["$defs"]["storage"]["properties"]
    table = TEXT.partition("What each key of `storage` adds:")[2].partition("They can be")[0]
    keys = re.findall(r'^\| `"(\w+)"', table, re.MULTILINE)
    assert len(keys) > 5
    assert set(keys) <= set(storage)
