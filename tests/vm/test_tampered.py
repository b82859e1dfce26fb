"""One changed byte in the kernel or in GRUB: the firmware's chain of signatures stops the start.

The untouched twin starts in the same run: a refused start alone may only be a missing file.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.vm.case import Case
from tests.vm.media import from_medium, with_changed_byte
from tests.vm.qemu import Firmware, VmConfig
from tests.vm.virtual_machine import VirtualMachine, VmError

pytestmark = [pytest.mark.vm(seconds=30), pytest.mark.once]
CASE = Case(name="tampered")
STARTED = r"Linux version|EFI stub"
REFUSED = r"bad shim signature|Security Violation|Verification failed|Access Denied"


def test_tampered(medium: Path) -> None:
    twin = CASE.medium(medium, "photon.tampered=no")
    assert _outcome(twin, "twin") == "started"
    for inside, label in (("/photon/vmlinuz", "kernel"), ("/EFI/BOOT/grubx64.efi", "grub")):
        content = from_medium(medium, inside, CASE.work / label).read_bytes()
        copy = with_changed_byte(twin, CASE.work / f"{label}.iso", inside=content)
        assert _outcome(copy, label) == "refused"
        copy.unlink()


def _outcome(cdrom: Path, label: str) -> str:
    CASE.variables.unlink(missing_ok=True)
    config = VmConfig(
        name=CASE.name,
        firmware=Firmware.SECURE,
        variables=CASE.variables,
        cdrom=cdrom,
        network=False,
    )
    with VirtualMachine(config, label=label) as vm:
        match = vm.expect(f"(?P<started>{STARTED})", f"(?P<refused>{REFUSED})", timeout=120)
        vm.note(f"{label}: {match.group(0)}")
        if "started" in match.groupdict():
            return "started"
        try:
            vm.expect(STARTED, timeout=10)
        except VmError:
            return "refused"
        return "refused, and started all the same"
