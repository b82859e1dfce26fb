"""docs/kickstart.md: current, complete, and with examples that are true."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from installer.config import from_document
from installer.errors import ExitCode
from ks_schema import Document, check, load, schema
from ks_schema.__main__ import main
from ks_schema.publish import FILE, published_text
from ks_schema.reference import example, reference

PAGE = Path(__file__).resolve().parents[3] / "docs/kickstart.md"
TEXT = reference()


def test_the_page_is_current() -> None:
    assert PAGE.read_text("utf-8") == TEXT, "run: python -m ks_schema"


def test_the_command_writes_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "docs").mkdir()
    (tmp_path / "ks_schema").mkdir()
    assert main([]) == 0
    assert (tmp_path / "docs/kickstart.md").read_text("utf-8") == TEXT
    assert (tmp_path / "ks_schema" / FILE).read_text("utf-8") == published_text()


def test_the_command_says_how_it_is_used(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["docs"]) == 2
    assert "usage: python -m ks_schema\n" in capsys.readouterr().err


def blocks() -> list[tuple[str, str]]:
    return re.findall(r"```(json|yaml)\n(.*?)```", TEXT, re.DOTALL)


@pytest.mark.parametrize(("language", "text"), blocks())
def test_every_block_is_a_valid_kickstart(language: str, text: str) -> None:
    document = load(text, name=f"example.{language}")
    assert check(document) == ()
    assert from_document(document).disks


def test_there_are_five_blocks() -> None:
    assert [language for language, _ in blocks()] == ["json", "yaml", "json", "json", "json"]


def test_the_shortest_has_eight_lines_and_is_the_same_in_yaml() -> None:
    assert len(example("short.json").splitlines()) == 8
    in_yaml = load(example("short.yaml"), name="short.yaml")
    assert in_yaml.data == load(example("short.json"), name="short.json").data


def test_the_full_example_says_every_key_that_can_stand_beside_the_others() -> None:
    said = json.loads(example("full.json"))
    assert set(said) == set(schema()["properties"])
    definitions = schema()["$defs"]
    assert set(said["boot"]) == set(definitions["boot"]["properties"])
    guided, custom = said["storage"], json.loads(example("custom.json"))["storage"]
    assert set(guided) & set(custom) == {"layout"}
    slots = json.loads(example("ab.json"))["storage"]
    assert set(guided) | set(custom) | set(slots) == set(definitions["storage"]["properties"])
    assert set(said["users"][0]) == set(definitions["user"]["properties"])


def test_every_example_of_a_top_level_key_is_valid_in_a_document() -> None:
    for key, value in schema()["properties"].items():
        for each in value["examples"]:
            assert check(Document(data={"version": 1, key: each})) == ()


def test_every_link_leads_to_a_heading() -> None:
    headings = {
        line.lstrip("# ").lower().replace(" ", "-")
        for line in TEXT.splitlines()
        if line.startswith("#")
    }
    links = set(re.findall(r"\]\(#([^)]*)\)", TEXT))
    assert links <= headings
    assert len(links) > 12


def test_the_exit_codes_are_those_of_the_installer() -> None:
    rows = dict(re.findall(r"^\| (\d) \| (not \w+|refused)", TEXT, re.MULTILINE))
    assert rows == {
        str(int(ExitCode.KICKSTART)): "not valid",
        str(int(ExitCode.UNREACHABLE)): "not reached",
        str(int(ExitCode.REFUSED)): "refused",
        str(int(ExitCode.UNPARSABLE)): "not parsed",
    }


def test_tables_have_five_cells_in_each_row() -> None:
    for line in TEXT.partition("## The keys")[2].splitlines():
        if line.startswith("|"):
            assert len(re.findall(r"(?<!\\)\|", line)) == 6, line
