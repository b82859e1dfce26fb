"""Into free space, beside partitions of which no byte changes."""

from __future__ import annotations

from pathlib import Path

import pytest

from installer.sizes import GIB, MIB
from tests.vm.case import OPS, Case
from tests.vm.guest import check_host
from tests.vm.old_system import START, lay_out, partition_digest
from tests.vm.unattended import install_unattended

pytestmark = [pytest.mark.vm(seconds=150)]
CASE = Case(name="beside")
SIZES = (2 * GIB, 256 * MIB)


def test_beside(medium: Path) -> None:
    disk = CASE.disk()
    lay_out(disk, CASE.work, size=SIZES[0], second=SIZES[1])
    before = partition_digest(disk, START, sum(SIZES))
    config = install_unattended(CASE, medium, disk)
    assert partition_digest(disk, START, sum(SIZES)) == before
    assert "root-partition" in check_host(config, OPS)
    assert partition_digest(disk, START, sum(SIZES)) == before
