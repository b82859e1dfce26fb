"""The full set on the machine that VirtualBox presents."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.vm.case import Case
from tests.vm.on_bios import install_on_bios
from tests.vm.qemu import Hardware

pytestmark = [pytest.mark.vm(seconds=250), pytest.mark.standard]


def test_full_bios(medium: Path) -> None:
    assert "static-v4" in install_on_bios(Case(name="full-bios"), medium, Hardware.VIRTUALBOX)
