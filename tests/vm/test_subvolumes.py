"""The root in a btrfs subvolume, with others nested and mounted beside it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.vm.case import OPS, Case
from tests.vm.guest import check_host
from tests.vm.unattended import install_unattended

pytestmark = [pytest.mark.vm(seconds=150)]
CASE = Case(name="subvolumes")


def test_subvolumes(medium: Path) -> None:
    config = install_unattended(CASE, medium, CASE.disk())
    assert "docker-subvolume" in check_host(config, OPS)
