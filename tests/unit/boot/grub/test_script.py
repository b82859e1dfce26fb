"""GRUB's menu language: words, quotes, ifs, bodies; and what is none of it."""

import random

import pytest

from installer.boot.grub.errors import ScriptError
from installer.boot.grub.script import Command, If, Statement, parse_script
from installer.boot.grub.tokens import expanded


def words(text: str, **variables: str) -> list[list[str]]:
    return plain(parse_script(text), **variables)


def plain(script: tuple[Statement, ...], **variables: str) -> list[list[str]]:
    return [expanded(each.words, variables) for each in script if isinstance(each, Command)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("# only a comment", []),
        ("a b;c\nd", [["a", "b"], ["c"], ["d"]]),
        ("echo\t'two words' # and a comment", [["echo", "two words"]]),
        ("linux /a#b", [["linux", "/a#b"]]),
        ('a "b $x c" ${x}y \'$x\' "\\$x"', [["a", "b 1 c", "1y", "$x", "$x"]]),
        ("set prefix=($root)'/boot/grub'", [["set", "prefix=(u)/boot/grub"]]),
        ("linux a \\\n  b", [["linux", "a", "b"]]),
        ("a\\ b", [["a b"]]),
        ("echo $", [["echo", "$"]]),
        ("a ''", [["a", ""]]),
        ("while x; do a; done", [["while", "x"], ["a"]]),
    ],
)
def test_words(text: str, expected: list[list[str]]) -> None:
    assert words(text, x="1", root="u") == expected


def test_bodies() -> None:
    (entry,) = parse_script("menuentry 'A {' --id a {\n linux /k\n submenu x { initrd /i; }\n}")
    assert isinstance(entry, Command)
    assert expanded(entry.words, {}) == ["menuentry", "A {", "--id", "a"]
    linux, submenu = entry.body or ()
    assert isinstance(linux, Command)
    assert isinstance(submenu, Command)
    assert submenu.body


def test_branches() -> None:
    (found,) = parse_script("if [ a = b ]; then x; elif y; then if z; then w; fi; else v; fi")
    assert isinstance(found, If)
    conditions = [plain(each.condition) for each in found.branches]
    assert conditions == [[["[", "a", "=", "b", "]"]], [["y"]], []]
    assert [len(each.body) for each in found.branches] == [1, 1, 1]


@pytest.mark.parametrize(
    "text",
    ["a 'b", 'a "b', "if a; then b", "if a; b; fi", "}", "fi", "menuentry a { b", "else", "if"],
)
def test_what_is_no_script(text: str) -> None:
    with pytest.raises(ScriptError):
        parse_script(text)


@pytest.mark.parametrize("text", ["menuentry a {\n", "if a; then\n"])
def test_too_deep(text: str) -> None:
    with pytest.raises(ScriptError, match="inside each other"):
        parse_script(text * 5000)


def test_whatever_it_is_it_ends() -> None:
    chance = random.Random(7)
    pieces = ["if", "then", "fi", "else", "elif", "{", "}", "menuentry", " ", "\n", ";", "'", '"']
    pieces += ["$", "${", "\\", "do", "done", "a", "=", "#", "\0", "submenu", "function"]
    for _ in range(3000):
        text = "".join(chance.choice(pieces) for _ in range(chance.randrange(30)))
        try:
            parse_script(text)
        except ScriptError:
            continue
