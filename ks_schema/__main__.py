"""``python -m ks_schema docs``: write the reference of the kickstart language."""

from __future__ import annotations

import sys
from pathlib import Path

from ks_schema.reference import reference

_PAGE = Path("docs/kickstart.md")


def main(arguments: list[str]) -> int:
    """Write the page that is named, or docs/kickstart.md."""
    match arguments:
        case ["docs"]:
            page = _PAGE
        case ["docs", path]:
            page = Path(path)
        case _:
            sys.stderr.write("usage: python -m ks_schema docs [FILE]\n")
            return 2
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_text(reference(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
