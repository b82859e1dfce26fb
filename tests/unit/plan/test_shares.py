"""The sizes of directories in an index: the shares of all mount points are the whole tree."""

from __future__ import annotations

import os
import random
from dataclasses import replace
from pathlib import Path, PurePosixPath

import pytest

from installer.payload.contents import tree_contents
from installer.payload.index import PayloadTree
from installer.plan.room import share_of
from iso_hooks.contents import contents_data
from tests.engine import payload

MIB = 1 << 20
BLOCK = 4096
DIRECTORIES = ("usr/lib/modules", "usr/share/doc", "var/lib/dpkg", "var/cache/apt", "opt", "boot")
PLACES = ("/", "/usr", "/usr/lib", "/usr/lib/modules", "/usr/share", "/var", "/var/lib",
          "/var/cache/apt", "/opt", "/srv", "/boot", "/home/none")  # fmt: skip


def made(root: Path, chance: random.Random) -> Path:
    """A tree with directories on both sides of what the index lists."""
    for name in DIRECTORIES:
        (root / name).mkdir(parents=True)
        for number in range(chance.randrange(1, 6)):
            with (root / name / str(number)).open("wb") as file:
                file.truncate(chance.choice((0, 1, BLOCK, 300_000, MIB, 3 * MIB)))
    return root


def tree_of(root: Path) -> PayloadTree:
    """What an index with the contents of that tree says."""
    data = contents_data(root)
    size = data["installed_size"]
    return replace(payload().trees[0], installed_size=size, contents=tree_contents(data))


def on_disk(root: Path, place: str, others: tuple[str, ...]) -> int:
    """Bytes in blocks below a place, without what is below others."""
    total = 0
    for above, directories, files in os.walk(f"{root}{place}"):
        path = above.removeprefix(str(root)).replace("//", "/") or "/"
        if path != place and path in others:
            directories.clear()
            continue
        sizes = [os.lstat(above).st_size, *(os.lstat(f"{above}/{each}").st_size for each in files)]
        total += sum(-(-each // BLOCK) * BLOCK for each in sizes)
    return total


@pytest.fixture
def empty(tmp_path: Path) -> Path:
    root = tmp_path / "tree"
    for name in ("etc/systemd/system", "usr/lib/systemd/system"):
        (root / name).mkdir(parents=True)
    for name in ("group", "passwd"):
        (root / "etc" / name).write_text("root:x:0:\n", encoding="utf-8")
    return root


@pytest.mark.parametrize("seed", range(20))
def test_shares_are_what_is_on_the_disk(seed: int, empty: Path) -> None:
    chance = random.Random(seed)
    tree = tree_of(made(empty, chance))
    places = ("/", *chance.sample(PLACES[1:], chance.randrange(1, 8)))
    shares = {place: share_of(place, places, tree) for place in places}
    assert sum(shares.values()) == tree.installed_size == on_disk(empty, "/", ())
    for place, share in shares.items():
        # One that is not listed has less than 1 MiB; the place above it has that besides.
        unlisted = MIB * len(places)
        assert abs(share - on_disk(empty, place, places)) < unlisted, place


@pytest.mark.parametrize("tree", payload().trees, ids=lambda tree: str(tree.name))
def test_the_index_lists_directories_that_fit_into_each_other(tree: PayloadTree) -> None:
    sizes = tree.contents.directories
    for path, size in sizes.items():
        below = [each for each in sizes if str(PurePosixPath(each).parent) == path]
        assert sum(sizes[each] for each in below) <= size, path
        assert share_of(path, (path, *below), tree) >= 0


def test_of_an_index_that_contradicts_itself_no_share_is_below_nothing() -> None:
    contents = replace(payload().trees[0].contents, directories={"/usr": 9 * MIB})
    tree = replace(payload().trees[0], installed_size=MIB, contents=contents)
    assert share_of("/", ("/", "/usr"), tree) == 0
