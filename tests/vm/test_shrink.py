"""An ext4 full of files is shrunk to make room; every file is what it was."""

from __future__ import annotations

from pathlib import Path

import pytest

from installer.sizes import GIB, MIB
from tests.vm.case import OPS, Case
from tests.vm.guest import check_host
from tests.vm.old_system import START, lay_out
from tests.vm.unattended import install_unattended

pytestmark = [pytest.mark.vm(seconds=180)]
CASE = Case(name="shrink")


def test_shrink(medium: Path) -> None:
    disk = CASE.disk()
    lay_out(disk, CASE.work, size=8 * GIB - START - MIB)
    config = install_unattended(CASE, medium, disk)
    assert "old-files" in check_host(config, OPS)
