"""What GRUB's commands do, in every branch and in the one that is taken."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pytest

from installer.boot.grub.errors import LimitError, ScriptError, UncertainError
from installer.boot.grub.evaluator import Evaluator, Strategy
from installer.boot.grub.scope import GrubFile, Scope, first_scope
from installer.boot.grub.strategies import BranchTaken, EveryBranch


@dataclass
class Host:
    """Filesystems called by their UUIDs, and what was started from them."""

    menus: Mapping[str, str] = field(default_factory=dict)
    uuids: tuple[str, ...] = ("aa", "bb")
    started: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def device(self, uuid: str, *, needed: bool) -> str:
        if uuid not in self.uuids:
            self.missing += [uuid] if needed else []
            return ""
        return uuid

    def script(self, file: GrubFile, *, needed: bool) -> bytes | None:
        name = f"({file.device}){file.path}"
        if name not in self.menus:
            self.missing += [name] if needed else []
            return None
        return self.menus[name].encode()

    def broken(self, written: str, error: ScriptError) -> None:
        self.problems.append(f"{written}: {error}")

    def kernel(self, file: GrubFile, arguments: Sequence[str]) -> None:
        self.started.append(" ".join([f"({file.device}){file.path}", *arguments]))

    def initrd(self, file: GrubFile) -> None:
        self.started.append(f"initrd ({file.device}){file.path}")


def run(text: str, host: Host, strategy: Strategy | None = None) -> Scope:
    scope = first_scope("aa", "(aa)/grub", platform="efi")
    evaluator = Evaluator(host=host, strategy=strategy or EveryBranch())
    evaluator.menu_text(text.encode(), "/grub/grub.cfg", scope)
    return scope


def every(text: str, **menus: str) -> list[str]:
    host = Host({f"(aa)/grub/{name}.cfg": text for name, text in menus.items()})
    run(text, host)
    assert (host.missing, host.problems) == ([], [])
    return host.started


def taken(text: str, **menus: str) -> tuple[list[str], list[str]]:
    """What is started, and the commands."""
    host = Host({f"(aa)/grub/{name}.cfg": text for name, text in menus.items()})
    commands: list[str] = []
    strategy = BranchTaken(
        record=commands.append,
        is_file=lambda _, file: f"({file.device}){file.path}" in host.menus,
        started=lambda: bool(host.started),
    )
    run(text, host, strategy)
    return host.started, commands


BOTH = [
    ("linux /k a b", "(aa)/k a b"),
    ("set root=bb\nlinux /k", "(bb)/k"),
    ("set root=(bb)\nlinux /k", "(bb)/k"),
    ("root=bb\nlinux /k", "(bb)/k"),
    ("x=bb\nlinux ($x)/k", "(bb)/k"),
    ("x=bb\nunset x\nlinux /k$x", "(aa)/k"),
    ("search --no-floppy --fs-uuid --set=root bb\nlinux /k", "(bb)/k"),
    ("search --no-floppy --fs-uuid --set root bb\nlinux /k", "(bb)/k"),
    ("search -u --set bb\nlinux /k", "(bb)/k"),
    ("search --fs-uuid --set=other bb\nlinux ($other)/k", "(bb)/k"),
    ("search --fs-uuid bb\nlinux /k", "(aa)/k"),
    ("search.fs_uuid bb x\nlinux ($x)/k", "(bb)/k"),
    ("linux $prefix/k", "(aa)/grub/k"),
    ("linux /k $gone a", "(aa)/k a"),
    ("function f {\n linux $1 $2\n}\nf /k a", "(aa)/k a"),
    ("source $prefix/x.cfg\nlinux /k$y", "(aa)/k1"),
    ("export y\nset y=2\nconfigfile $prefix/next.cfg", "(aa)/k2"),
    ("set y=2\nconfigfile $prefix/next.cfg", "(aa)/k"),
    ("menuentry a { linux /k }", "(aa)/k"),
    ("linux $config_directory/k", "(aa)/grub/k"),
    ("if a; [ b ]; then linux /k; fi", "(aa)/k"),
]


@pytest.mark.parametrize(("text", "kernel"), BOTH)
def test_a_command_does_the_same_in_both_ways(text: str, kernel: str) -> None:
    menus = {"x": "y=1", "next": "linux /k$y"}
    text = text.replace("if a;", "if true;")
    assert every(text, **menus) == [kernel]
    assert taken(text, **menus)[0] == [kernel]


def test_every_branch_and_the_one_taken() -> None:
    submenu = "submenu m { menuentry a { linux /k3 } }"
    text = f"if [ a = b ]; then linux /k1; else linux /k2; fi\n{submenu}"
    assert every(text) == ["(aa)/k1", "(aa)/k2", "(aa)/k3"]
    assert taken(text) == (["(aa)/k2"], ["[ a = b ]", "linux /k2", submenu])


def test_what_is_known_to_be_empty_is_not_followed() -> None:
    text = 'menuentry a { if [ -n "$x" ]; then linux /k; fi }'
    assert every(text) == []
    assert every(f"set x=y\n{text}") == ["(aa)/k"]
    # Only the boot loader knows it, in the entries of a menu as well.
    assert every(f"load_env x\n{text}") == ["(aa)/k"]
    # GRUB itself sets these.
    assert every('if [ -n "$grub_platform" ]; then linux /k; fi') == ["(aa)/k"]


def test_a_search_may_fail_where_that_is_a_condition() -> None:
    text = "if search --fs-uuid --set=root {}; then linux /k; fi"
    assert every(text.format("bb")) == ["(bb)/k"]
    assert every(text.format("cc")) == []
    host = Host()
    run("search --fs-uuid --set=root cc", host)
    assert host.missing == ["cc"]


def test_a_part_that_is_not_there_is_passed_over() -> None:
    host = Host()
    run("source /gone.cfg\nlinux /k\nconfigfile /gone.cfg", host)
    assert (host.started, host.missing) == (["(aa)/k"], ["(aa)/gone.cfg"])


def test_a_menu_that_is_broken_ends_there() -> None:
    host = Host({"(aa)/b.cfg": "linux /k\nif"})
    run("source /b.cfg\nlinux /l", host)
    assert host.started == ["(aa)/l"]
    assert host.problems == ["/b.cfg: an if without a condition"]


@pytest.mark.parametrize(
    "text",
    ["linuxefi /k", "initrd /a /b", "search --label x", "load_env", "for x in y; do z; done", "x"],
)
def test_only_what_is_likely_is_followed_everywhere(text: str) -> None:
    every(text)
    with pytest.raises(UncertainError):
        taken(text)


def test_a_function_that_calls_itself() -> None:
    text = "function f {\n if [ $1 = a ]; then f b; fi\n linux /k$1\n}\nf a"
    assert every(text) == ["(aa)/ka"]
    assert taken(text)[0] == ["(aa)/kb", "(aa)/kb"]


ENDLESS = {
    "functions": "function f0 {\n true\n}\n"
    + "".join(f"function f{n} {{\n f{n - 1}; f{n - 1}\n}}\n" for n in range(1, 30))
    + "f29\n",
    "long words": f"set a={'x' * 60_000}\n" + "echo $a\n" * 1000,
    "a long command": f"set a={'x' * 60_000}\necho " + "$a " * 200_000,
    "empty words": "function f {\n echo " + "$a " * 200_000 + "\n}\n" + "f\n" * 20_000,
    "quoted words": "function f {\n echo " + '"" ' * 60_000 + "\n}\n" + "f\n" * 20_000,
    "a part again and again": "source /p.cfg\n" * 40_000,
    "branches": "function f {\n if a; then true; "
    + "elif a; then\n" * 30_000
    + "fi\n}\n"
    + "f\n" * 20_000,
}


@pytest.mark.parametrize("name", ENDLESS)
def test_what_does_not_come_to_an_end(name: str) -> None:
    host = Host({"(aa)/p.cfg": "#" * 500_000})
    with pytest.raises(LimitError):
        run(ENDLESS[name], host)
