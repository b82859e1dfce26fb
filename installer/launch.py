"""The command of the Python package, which has this tree inside a package of its own."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path


def main() -> None:
    """Run the command line as ``python -m installer`` does."""
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    runpy.run_module("installer", run_name="__main__", alter_sys=True)
