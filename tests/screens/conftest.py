"""The screens, on a machine from a file."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.screens.walker import MemoryEngine, Walker, machine

Walk = Callable[..., Walker]


@pytest.fixture
def walk(tmp_path: Path) -> Walk:
    """``walk("virtualbox", script=...)`` starts the screens on that machine.

    ``firmware`` is what is different in its firmware.
    """

    def start(
        name: str = "virtualbox",
        *,
        console: str = "tty1",
        firmware: Mapping[str, Any] | None = None,
        **engine: Any,
    ) -> Walker:
        found = machine(name, **(firmware or {}))
        return Walker(MemoryEngine(machine=found, **engine), tmp_path, console=console)

    return start


@pytest.fixture
def python() -> str:
    """The interpreter that runs the tests."""
    return sys.executable
