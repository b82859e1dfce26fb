"""What takes long to import is imported when it is needed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[3]
LATE = {"jsonschema", "yaml", "passlib", "hypothesis", "urwid"}


def test_the_configuration_is_imported_without_its_libraries() -> None:
    program = "import sys, ks_schema, installer.config; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=PROJECT, capture_output=True, text=True, check=True
    )
    assert LATE.isdisjoint(done.stdout.split())
