from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from iso_hooks.errors import BuildFailed
from iso_hooks.recipe import load_recipe, recipe_from_data

DATA = {
    "product": "Test 1",
    "suite": "trixie",
    "kernels": {"generic": ["linux-a"], "cloud": ["linux-b"]},
    "sets": {
        "minimal": {"packages": ["one", "two"], "path_excludes": ["/usr/share/man/*"]},
        "full": {"extends": "minimal", "packages": ["three"]},
    },
    "live": {"kernel": "generic", "packages": ["python3"]},
    "editions": {
        "whole": {"squashfs": {"compression": "zstd", "level": 9, "block_size": "1 MiB"}},
        "part": {
            "trees": ["full-cloud"],
            "squashfs": {"compression": "lz4", "level": 1, "block_size": "128 KiB"},
        },
    },
}


def test_every_set_is_made_with_every_kernel() -> None:
    recipe = recipe_from_data(DATA)
    names = [tree.name for tree in recipe.hosts]
    assert names == ["minimal-generic", "minimal-cloud", "full-generic", "full-cloud"]
    assert recipe.live.content.packages == ("python3", "linux-a")
    assert recipe.edition.squashfs.block_size == 1 << 20


def test_an_extension_takes_packages_and_not_path_rules() -> None:
    recipe = recipe_from_data(DATA)
    full = next(tree for tree in recipe.hosts if tree.name == "full-cloud")
    assert full.content.packages == ("three", "one", "two", "linux-b")
    assert full.content.path_excludes == ()
    assert full.base == "minimal-cloud"


def test_limited_to_keeps_the_live_tree() -> None:
    recipe = recipe_from_data(DATA).limited_to(("full-cloud",))
    assert [tree.name for tree in recipe.trees] == ["live", "full-cloud"]


def test_limited_to_names_what_there_is() -> None:
    with pytest.raises(BuildFailed, match="full-colud") as caught:
        recipe_from_data(DATA).limited_to(("full-colud",))
    assert "full-cloud" in caught.value.hint


def test_an_edition_has_its_own_trees_and_compression() -> None:
    recipe = recipe_from_data(DATA)
    assert recipe.for_edition("") == recipe.for_edition("whole") == recipe
    part = recipe.for_edition("part")
    assert [tree.name for tree in part.trees] == ["live", "full-cloud"]
    assert (part.edition.name, part.edition.squashfs.compression) == ("part", "lz4")


def test_an_unknown_edition_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(BuildFailed, match="patr") as caught:
        recipe_from_data(DATA).for_edition("patr")
    assert "whole, part" in caught.value.hint


def test_an_unknown_key_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "recipe.yaml"
    path.write_text("product: x\nsuite: y\nkernels: {}\nsets: {}\nlive: {}\npackges: []\n")
    with pytest.raises(BuildFailed, match="not a recipe"):
        load_recipe(path)


def test_a_recipe_without_an_edition_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "recipe.yaml"
    path.write_text(yaml.safe_dump({**DATA, "editions": {}}))
    with pytest.raises(BuildFailed, match="not a recipe"):
        load_recipe(path)


def test_our_own_recipe_loads_and_names_no_mirror() -> None:
    recipe = load_recipe()
    assert recipe.mirror == recipe.security_mirror == ""
    assert len(recipe.trees) == 5
    assert [edition.name for edition in recipe.editions] == ["standard", "fast"]
    assert [len(recipe.for_edition(name).trees) for name in ("standard", "fast")] == [5, 2]
    for tree in recipe.trees:
        assert len(set(tree.content.packages)) == len(tree.content.packages)
