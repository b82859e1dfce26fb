"""A host on LVM in LUKS2 on mirrored disks is installed again, and stays the same host."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.vm.case import OPS, Case
from tests.vm.guest import check_host
from tests.vm.unattended import install_unattended

pytestmark = [pytest.mark.vm(seconds=720)]
CASE = Case(name="preserve-stack")
PASSPHRASE = "a stack of layers"


def test_preserve_stack(medium: Path) -> None:
    disks = CASE.disk(), CASE.disk(1)
    config = install_unattended(CASE, medium, *disks)
    first = check_host(config, OPS, disks=2, unlock=PASSPHRASE)
    install_unattended(CASE, medium, *disks, label="install-again")
    again = check_host(config, OPS, disks=2, label="host-again", unlock=PASSPHRASE)
    assert _identity(again) == _identity(first)


def _identity(fine: list[str]) -> str:
    """What the check script says of who the host is."""
    (said,) = (each for each in fine if each.startswith("identity "))
    return said
