"""LVM in LUKS2 on mirrored disks, one of which is taken away: the other starts the host alone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.vm.case import OPS, Case
from tests.vm.guest import check_host
from tests.vm.unattended import install_unattended

pytestmark = [pytest.mark.vm(seconds=360), pytest.mark.once]
CASE = Case(name="stack")


def test_stack(medium: Path) -> None:
    first, second = CASE.disk(), CASE.disk(1)
    config = install_unattended(CASE, medium, first, second)
    first.path.unlink()
    alone = replace(config, disks=(second,))
    assert "boot-runs-degraded" in check_host(alone, OPS, unlock="a stack of layers")
