"""The two recipes of work: which steps make a medium, and in which order."""

from __future__ import annotations

import sys
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from iso_hooks.iso import iso_step
from iso_hooks.known_names import outdated_known_names
from iso_hooks.live import initrd_step, installer_step
from iso_hooks.netboot import netboot_images_step, write_netboot_tree
from iso_hooks.payload import payload_step
from iso_hooks.recipe import Recipe, Tree
from iso_hooks.steps import BuildDir, Counter, run_step
from iso_hooks.trees import tree_step

# dpkg works on one core and waits for the disk; two trees share the download cache.
_TREES_AT_ONCE = 2


def build_iso(build_dir: BuildDir, recipe: Recipe, output: Path, *, refresh: bool) -> None:
    """Make the installation medium.

    :raises BuildFailed: a step failed; the message names its log.
    """
    counter = Counter(total=len(recipe.trees) + 4)
    trees = _build_trees(build_dir, recipe, counter, refresh=refresh)
    _warn_of_names(build_dir, recipe)
    payload = run_step(build_dir, payload_step(build_dir, recipe, tuple(trees.values())), counter)
    live = _build_live(build_dir, recipe, trees["live"], counter)
    run_step(build_dir, iso_step(build_dir, recipe, (payload, *live), output), counter)
    _say(f"{output}: {output.stat().st_size / 1e6:.0f} MB")


def build_netboot(
    build_dir: BuildDir, recipe: Recipe, output: Path, url: str, *, refresh: bool
) -> None:
    """Make the folder for TFTP and HTTP servers, from the same trees.

    :raises BuildFailed: a step failed; the message names its log.
    """
    counter = Counter(total=2 * len(recipe.trees) + 2)
    trees = _build_trees(build_dir, recipe, counter, refresh=refresh)
    _warn_of_names(build_dir, recipe)
    for tree in recipe.trees:
        run_step(build_dir, netboot_images_step(build_dir, recipe, tree, trees[tree.name]), counter)
    _build_live(build_dir, recipe, trees["live"], counter)
    write_netboot_tree(build_dir, recipe, output, url)
    size = sum(path.stat().st_size for path in output.rglob("*") if path.is_file())
    _say(f"{output}: {size / 1e6:.0f} MB, to be served at {url}")


def _warn_of_names(build_dir: BuildDir, recipe: Recipe) -> None:
    for warning in outdated_known_names(build_dir, recipe):
        _say(f"warning: {warning}")


def _build_trees(
    build_dir: BuildDir, recipe: Recipe, counter: Counter, *, refresh: bool
) -> dict[str, str]:
    if refresh:
        for stamp in build_dir.folder("stamps").glob("tree-*.json"):
            stamp.unlink()
    keys: dict[str, Future[str]] = {}
    with ThreadPoolExecutor(max_workers=_TREES_AT_ONCE) as pool:
        for tree in recipe.trees:
            # A base is submitted before what is based on it, so that nobody waits for ever.
            base = keys.get(tree.base)
            keys[tree.name] = pool.submit(_build_tree, build_dir, recipe, tree, base, counter)
    return {name: key.result() for name, key in keys.items()}


def _build_tree(
    build_dir: BuildDir, recipe: Recipe, tree: Tree, base: Future[str] | None, counter: Counter
) -> str:
    base_key = base.result() if base else ""
    return run_step(build_dir, tree_step(build_dir, recipe, tree, base_key), counter)


def _build_live(
    build_dir: BuildDir, recipe: Recipe, tree_key: str, counter: Counter
) -> tuple[str, str]:
    return (
        run_step(build_dir, initrd_step(build_dir, recipe, tree_key), counter),
        run_step(build_dir, installer_step(build_dir, recipe, tree_key), counter),
    )


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")
