"""``python -m ks_schema``: write what is made from language.json, the schema and the reference."""

from __future__ import annotations

import sys
from pathlib import Path

from ks_schema.publish import FILE, published_text
from ks_schema.reference import reference

MADE = {Path("docs/kickstart.md"): reference, Path("ks_schema", FILE): published_text}


def main(arguments: list[str]) -> int:
    """Write the files into the project; run it from there."""
    if arguments:
        sys.stderr.write("usage: python -m ks_schema\n")
        return 2
    for path, text in MADE.items():
        path.write_text(text(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
