"""Containers on a disk of their own; a second installation keeps them and the identity."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.vm.case import OPS, Case
from tests.vm.guest import check_host
from tests.vm.unattended import install_unattended

pytestmark = [pytest.mark.vm(seconds=480)]
CASE = Case(name="data-disk")


def test_data_disk(medium: Path) -> None:
    disks = CASE.disk(), CASE.disk(1)
    config = install_unattended(CASE, medium, *disks)
    assert "the-first-installation" in check_host(config, OPS, disks=2)
    install_unattended(CASE, medium, *disks, label="install-again")
    fine = check_host(config, OPS, disks=2, label="host-again")
    assert {"the-second-installation", "data", "identity"} <= set(fine)
