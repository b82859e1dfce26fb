"""The undo stack, and paths that stay inside the new host."""

import string
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from installer.actions.context import Context
from installer.errors import CommandFailed
from installer.events import Message
from tests.engine import PretendRunner, Told


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def context(tmp_path: Path, told: Told) -> Context:
    return Context(
        runner=PretendRunner(), emit=told, target=tmp_path / "root", work=tmp_path / "work"
    )


def test_the_newest_is_taken_back_first(context: Context) -> None:
    done: list[int] = []
    for number in range(3):
        context.on_undo(f"step {number}", lambda number=number: done.append(number))  # type: ignore[misc]
    context.unwind()
    context.unwind()
    assert done == [2, 1, 0]


def test_part_of_the_stack(context: Context) -> None:
    done: list[str] = []
    context.on_undo("outer", lambda: done.append("outer"))
    depth = context.depth
    context.on_undo("inner", lambda: done.append("inner"))
    context.unwind(depth)
    assert (done, context.depth) == (["inner"], depth)


@pytest.mark.parametrize(
    "error", [CommandFailed("busy"), OSError("gone"), KeyError("bug"), UnicodeError("odd")]
)
def test_one_that_fails_does_not_keep_the_others(
    context: Context, told: Told, error: Exception
) -> None:
    done: list[str] = []

    def fail() -> None:
        raise error

    context.on_undo("close the first", lambda: done.append("first"))
    context.on_undo("unmount it", fail)
    context.on_undo("close the last", lambda: done.append("last"))
    with pytest.raises(CommandFailed, match="could not unmount it"):
        context.unwind()
    assert done == ["last", "first"]
    assert context.depth == 0
    assert [each.level for each in told.of(Message)] == ["error"]


def test_undoing_uses_the_runner_that_is_not_cancelled(context: Context) -> None:
    usual, steadfast = PretendRunner(), PretendRunner()
    context.runner, context.undo_runner = usual, steadfast
    context.on_undo("umount", lambda: context.runner.run(["sync"]))
    context.unwind()
    context.runner.run(["true"])
    assert (steadfast.commands, usual.commands) == ([("sync",)], [("true",)])


def test_compensations_are_kept_apart(context: Context) -> None:
    done: list[str] = []
    context.on_undo("undo", lambda: done.append("undo"))
    context.on_failure("first", lambda: done.append("first"))
    context.on_failure("second", lambda: done.append("second"))
    context.unwind()
    assert done == ["undo"]
    context.compensate()
    assert done == ["undo", "second", "first"]


@pytest.mark.parametrize(
    ("links", "path", "expected"),
    [
        ({}, "/etc/fstab", "etc/fstab"),
        ({}, "etc//./fstab", "etc/./fstab"),
        ({}, "/", ""),
        ({}, "/../../etc", "etc"),
        ({"lib": "usr/lib"}, "/lib/x", "usr/lib/x"),
        ({"lib": "/usr/lib"}, "/lib/x", "usr/lib/x"),
        ({"a/b": "../../../../etc"}, "/a/b/shadow", "etc/shadow"),
        ({"run": "/var/run", "var/run": "/r"}, "/run/x", "r/x"),
        ({"etc/resolv.conf": "/run/x"}, "/etc/resolv.conf", "etc/resolv.conf"),
    ],
)
def test_inside(context: Context, links: dict[str, str], path: str, expected: str) -> None:
    for name, to in links.items():
        (context.target / name).parent.mkdir(parents=True, exist_ok=True)
        (context.target / name).symlink_to(to)
    assert context.root.place(path) == context.target / expected


def test_links_that_go_round(context: Context) -> None:
    context.target.mkdir()
    (context.target / "a").symlink_to("b")
    (context.target / "b").symlink_to("/a")
    with pytest.raises(CommandFailed, match="too many symbolic links"):
        context.root.place("/a/x")


NAMES = st.sampled_from(["a", "b", "c", "..", "."])
PATHS = st.lists(NAMES, min_size=1, max_size=6).map("/".join)
TREES = st.lists(
    st.tuples(PATHS, st.booleans(), PATHS, st.sampled_from(["", "/", "../../../../"])), max_size=8
)


@settings(max_examples=80, deadline=None, print_blob=True)
@given(tree=TREES, path=PATHS, data=st.data())
def test_it_never_leads_out_of_the_new_host(
    tmp_path_factory: pytest.TempPathFactory,
    tree: list[tuple[str, bool, str, str]],
    path: str,
    data: st.DataObject,
) -> None:
    top = tmp_path_factory.mktemp("inside")
    target = top / "root"
    target.mkdir()
    for place, is_link, to, start in tree:
        # Where the kernel would put it must be inside too, so names with ".." are only link ends.
        if ".." in place.split("/") or "." in place.split("/"):
            continue
        name = target / place
        try:
            name.parent.mkdir(parents=True, exist_ok=True)
            inside = name.parent.resolve().is_relative_to(target.resolve())
            if inside and is_link:
                name.symlink_to(start + to)
            elif inside:
                name.mkdir()
        except (OSError, RuntimeError):
            continue  # a file in the way, or links that go round
    context = Context(runner=PretendRunner(), emit=Told(), target=target, work=top)
    try:
        found = context.root.place(path + "/" + data.draw(st.sampled_from(string.ascii_lowercase)))
    except CommandFailed as error:
        assert "too many" in str(error)  # noqa: PT017
        return
    assert found.is_relative_to(target)
    parent = found.parent
    while parent != target:
        assert not parent.is_symlink()
        assert parent.name != ".."
        parent = parent.parent
