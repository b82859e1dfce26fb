"""Renew what the tests' payload index says of the trees: ``python -m tests.renew_index TREES``.

``TREES`` is a directory with built trees, like ``build/trees``. Names, versions and sizes of trees
and images, which the expected plans show, stay as they are; the packages are left out.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from iso_hooks.contents import contents_data
from iso_hooks.names import locale_names
from tests.engine import TESTS

INDEX = TESTS / "payload" / "index.json"
_KEPT = ("installed_size", "files")


def main(trees: Path) -> None:
    """Renew it, a list a line."""
    index = json.loads(INDEX.read_text("utf-8"))
    for tree in index["trees"]:
        data = contents_data(trees / tree["name"])
        tree.update({key: each for key, each in data.items() if key not in _KEPT})
    index["locales"] = locale_names(trees / "live")
    rest = {key: each for key, each in index.items() if key != "trees"}
    head = "".join(f" {json.dumps(key)}: {json.dumps(each)},\n" for key, each in rest.items())
    body = ",\n".join("  {\n" + _members(tree) + "\n  }" for tree in index["trees"])
    INDEX.write_text(f'{{\n{head} "trees": [\n{body}\n ]\n}}\n', encoding="utf-8")


def _members(tree: dict[str, object]) -> str:
    return ",\n".join(f"   {json.dumps(key)}: {json.dumps(each)}" for key, each in tree.items())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
