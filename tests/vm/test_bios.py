"""A minimal host that starts on BIOS, with the kickstart on a stick labelled PHOTONKS."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.vm.case import Case
from tests.vm.on_bios import install_on_bios
from tests.vm.qemu import Hardware

pytestmark = [pytest.mark.vm(seconds=160), pytest.mark.once]


def test_bios(medium: Path) -> None:
    assert "static-v4" in install_on_bios(Case(name="bios"), medium, Hardware.VIRTIO)
