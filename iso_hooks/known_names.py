"""Whether the names that come along with the program are those of the trees that were built."""

from __future__ import annotations

import json
from pathlib import Path

import installer.config
from installer.config.host_names import FILE
from iso_hooks.names import outdated_names
from iso_hooks.recipe import Recipe
from iso_hooks.steps import BuildDir
from iso_hooks.trees import tree_path

KNOWN_NAMES = Path(installer.config.__file__).with_name(FILE)
_SHOWN = 5


def outdated_known_names(
    build_dir: BuildDir, recipe: Recipe, known: Path = KNOWN_NAMES
) -> list[str]:
    """Compare the file with every host of the medium: a warning for each that differs.

    By the file ``check`` judges a kickstart before there is a medium; ``plan`` and the installation
    judge it by the medium's own index. So a new version of a package does not end the build.
    """
    live = tree_path(build_dir, recipe.live)
    data = json.loads(known.read_text("utf-8"))
    warnings = []
    for tree in recipe.hosts:
        host = tree_path(build_dir, tree)
        if differences := outdated_names(data, host, live):
            kinds = "; ".join(f"{kind}: {_some(each)}" for kind, each in differences.items())
            warnings.append(
                f"{known} and the tree {tree.name} do not have the same names: {kinds}. "
                f"Renew the file: python -m iso_hooks names --host {host} --live {live}"
            )
    return warnings


def _some(names: list[str]) -> str:
    more = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {more} more" if more > 0 else "")
