"""Plain English: the words that the glossary replaces are in no message and no document."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
PACKAGES = ("ks_schema", "installer", "screens", "iso_hooks")
DOCUMENTS = sorted(
    [
        *(PROJECT / "docs").glob("*.md"),
        *(PROJECT / "tests/cases").glob("*/README.md"),
        PROJECT / "README.md",
        PROJECT / "benchmarks/README.md",
        PROJECT / "ks_schema/language.json",
    ]
)
# The glossary has the word to use for each.
BANNED = re.compile(
    r"\b(shall|anew|told|folders?|lies|lie on|nouns?|take turns|by hand|for ever|"
    r"(?:is|are) no|goes? with|take it away|once more|looked at)\b(?! longer)",
    re.IGNORECASE,
)
# A text in which the word is right, with why.
ALLOWED = {
    "there is no",  # the usual way to say that something does not exist
    "there are no",
}


def messages(path: Path) -> Iterator[tuple[int, str]]:
    """Line and text of each text in a module that is not a docstring."""
    tree = ast.parse(path.read_text("utf-8"))
    documentation = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.FunctionDef | ast.ClassDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if not isinstance(node, ast.Constant) or id(node) in documentation:
            continue
        if isinstance(node.value, str) and " " in node.value:
            yield node.lineno, node.value


def banned(text: str) -> Iterator[str]:
    for found in BANNED.finditer(text):
        before = text[max(0, found.start() - 10) : found.end()].lower()
        if not any(before.endswith(each) for each in ALLOWED):
            yield text[max(0, found.start() - 40) : found.end() + 40]


@pytest.mark.parametrize("package", PACKAGES)
def test_messages(package: str) -> None:
    wrong = [
        f"{path.relative_to(PROJECT)}:{line}: {part}"
        for path in sorted((PROJECT / package).rglob("*.py"))
        for line, text in messages(path)
        for part in banned(text)
    ]
    assert wrong == [], "CONTRIBUTING.md's glossary has better words"


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(PROJECT)))
def test_documents(path: Path) -> None:
    wrong = [
        f"{number}: {part}"
        for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1)
        for part in banned(line)
    ]
    assert wrong == [], "CONTRIBUTING.md's glossary has better words"


@pytest.mark.parametrize(
    ("text", "found"),
    [("a folder lies on it", 2), ("there is no disk", 0), ("it is no disk", 1), ("the Folder", 1),
     ("it is no longer there", 0), ("holder", 0)],
)  # fmt: skip
def test_what_counts(text: str, found: int) -> None:
    assert len(list(banned(text))) == found


def test_the_glossary_has_every_banned_word() -> None:
    glossary = (PROJECT / "CONTRIBUTING.md").read_text("utf-8").partition("## Glossary")[2]
    assert len(re.findall(r"^\| ", glossary, re.MULTILINE)) > 30
    for word in ("shall", "anew", "told", "folder", "lies on", "take turns", "is no"):
        assert word in glossary
