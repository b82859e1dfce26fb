"""GRUB's menu language: words, quotes, ifs, bodies; and what is none of it."""

import random

import pytest

from installer.boot.grub.errors import LimitError, ScriptError
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


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a $gone b", [["a", "b"]]),
        ('a "$gone" b', [["a", "", "b"]]),
        ("$gone\na", [[], ["a"]]),
        ("a $two", [["a", "one", "two"]]),
        ("a x${two}y", [["a", "xone", "twoy"]]),
        ('a "$two"', [["a", "one two"]]),
        ("'fi' 'x'; do 'done'", [["fi", "x"], ["done"]]),
        ("echo if fi then", [["echo", "if", "fi", "then"]]),
        ("a $1st $", [["a", "st", "$"]]),
    ],
)
def test_words_are_split_as_in_grub(text: str, expected: list[list[str]]) -> None:
    assert words(text, two="one two") == expected


def test_a_command_of_any_length_is_refused() -> None:
    (command,) = parse_script("echo " + "$a " * 1000)
    assert isinstance(command, Command)
    with pytest.raises(LimitError):
        expanded(command.words, {"a": "x" * 1000})


@pytest.mark.parametrize(
    "text",
    [
        "menuentry a { linux /k }",
        "menuentry a{ linux /k; }",
        "menuentry '{' { linux /k }",
        "menuentry a { if b; then linux /k; fi }",
        "menuentry a {# a comment with }\n linux /k\n}#",
    ],
)
def test_a_body_ends_where_grub_ends_it(text: str) -> None:
    (entry,) = parse_script(text)
    assert isinstance(entry, Command)
    assert len(entry.body or ()) == 1
    assert entry.source == text[text.rindex("{") : text.rindex("}") + 1]


def test_the_source_of_a_body() -> None:
    text = "function f\n{ true; }\nif x; then\n submenu a {\n menuentry '}' { b }\n }\nfi"
    function, choice = parse_script(text)
    assert isinstance(function, Command)
    assert isinstance(choice, If)
    assert function.source == "{ true; }"
    (submenu,) = choice.branches[0].body
    assert isinstance(submenu, Command)
    assert submenu.source == "{\n menuentry '}' { b }\n }"
    (inner,) = submenu.body or ()
    assert isinstance(inner, Command)
    assert (inner.source, len(inner.body or ())) == ("", 1)


def test_a_condition_may_have_several_commands() -> None:
    (found,) = parse_script("if a; b; then c; fi")
    assert isinstance(found, If)
    assert plain(found.branches[0].condition) == [["a"], ["b"]]


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
    [
        "a 'b",
        'a "b',
        "if a; then b",
        "if a; b; fi",
        "}",
        "fi",
        "menuentry a { b",
        "else",
        "if",
        "linux /a}b",
        "echo }",
        "{ a; }",
        "menuentry a\n{ b\n}",
        "if a then b; fi",
        ";" * 3 + "then",
    ],
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
