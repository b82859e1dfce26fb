"""What the boot check says of a disk, and what the machine then does: the same, row by row.

A row differs from the first one, which starts, by nothing but its own change.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pefile
import pytest
from virt.peutils.pesign import pe_authenticode_hash

from tests.vm.case import OPS, Case
from tests.vm.guest import log_in, switch_off
from tests.vm.image import boot_check, build_image
from tests.vm.media import with_patches
from tests.vm.parts import from_esp, from_ext4_root, kernel_of
from tests.vm.qemu import Firmware, VmConfig, VmDisk, variables_of
from tests.vm.signed import kickstart_signed_by
from tests.vm.variables import OwnKey, forbidding, only_for, own_key
from tests.vm.virtual_machine import VirtualMachine, VmError

pytestmark = [pytest.mark.vm(seconds=200)]
CASE = Case(name="secure-boot")
STARTED = r"EFI stub|Linux version"
REFUSED = r"bad shim signature|Security Violation|Verification failed|Access Denied"
PASSWORD = "edit the menu"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A change to the disk (where in which file) or to the firmware's keys, and what it means."""

    name: str
    boots: bool
    file: Callable[[Path], bytes] | None = None
    variables: Callable[[Path, Path], Path] | None = None
    owner_signed: bool = False


def _owner() -> OwnKey:
    return own_key(CASE.work / "keys", "owner")


def _dbx(variables: Path, image: Path) -> Path:
    loader = pefile.PE(data=from_esp(image, "EFI/debian/grubx64.efi"), fast_load=True)
    return forbidding(variables, pe_authenticode_hash(loader).hex())


ROWS = (
    Row(name="untouched", boots=True),
    Row(name="shim", boots=False, file=lambda image: from_esp(image, "EFI/debian/shimx64.efi")),
    Row(name="grub", boots=False, file=lambda image: from_esp(image, "EFI/debian/grubx64.efi")),
    Row(name="kernel", boots=False, file=lambda image: from_ext4_root(image, kernel_of(image))),
    Row(name="grub-in-dbx", boots=False, variables=_dbx),
    Row(name="owner-only", boots=False, variables=lambda path, _: only_for(path, _owner())),
    Row(name="owner-signed", boots=True, owner_signed=True,
        variables=lambda path, _: only_for(path, _owner())),
)  # fmt: skip


@pytest.fixture(scope="module")
def image(medium: Path) -> Path:
    return build_image(CASE, medium)


@pytest.fixture(scope="module")
def signed_image(medium: Path) -> Path:
    """The same host, its boot loader and kernel signed by the owner as well."""
    kickstart = kickstart_signed_by(CASE, _owner())
    return build_image(Case(name="secure-boot/signed"), medium, kickstart=kickstart)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_the_check_and_the_start_agree(row: Row, request: pytest.FixtureRequest) -> None:
    disk: Path = request.getfixturevalue("signed_image" if row.owner_signed else "image")
    variables = CASE.work / f"{row.name}.fd"
    variables.unlink(missing_ok=True)
    if row.variables is not None:
        row.variables(variables, disk)
    else:
        variables.write_bytes(variables_of(Firmware.SECURE).read_bytes())
    changed = CASE.work / f"{row.name}.img"
    if row.file is not None:
        disk = with_patches(disk, changed, inside=row.file(disk), at=[40_000])
    predicted = boot_check(disk, variables)
    config = VmConfig(
        name=CASE.name, firmware=Firmware.SECURE, variables=variables,
        disks=(VmDisk(path=disk),), network=False,
    )  # fmt: skip
    outcome = _start(config, row.name)
    assert (predicted.boots, outcome) == (row.boots, row.boots), predicted.wrong
    assert row.boots or predicted.wrong
    changed.unlink(missing_ok=True)


def test_menu_password(image: Path) -> None:
    variables = CASE.work / "password.fd"
    variables.unlink(missing_ok=True)
    config = VmConfig(
        name=CASE.name, firmware=Firmware.SECURE, variables=variables,
        disks=(VmDisk(path=image),), network=False,
    )  # fmt: skip
    with VirtualMachine(config, label="password") as vm:
        _edit(vm, "not the password")
        vm.expect("access denied", timeout=60, what="the refusal")
        _edit(vm, PASSWORD)
        vm.expect("setparams", timeout=60, what="the editor")
        vm.type_keys("\x1b")
        vm.expect("Press enter to boot", timeout=90, what="the menu")
        vm.type_keys("\r")
        vm.expect(STARTED, timeout=60, what="the kernel, without a password")


def test_the_same_disk_starts_on_bios(image: Path) -> None:
    config = VmConfig(
        name=CASE.name, firmware=Firmware.BIOS, disks=(VmDisk(path=image),), network=False
    )
    with VirtualMachine(config, label="bios") as vm:
        log_in(vm, OPS, timeout=300)
        switch_off(vm)


def _edit(vm: VirtualMachine, password: str) -> None:
    vm.expect("Press enter to boot", timeout=90, what="the menu")
    vm.type_keys("e")
    vm.expect("Enter username:", timeout=30, what="the question for the user")
    vm.type_keys("root\r")
    vm.expect("Enter password:", timeout=30)
    vm.type_keys(f"{password}\r")


def _start(config: VmConfig, label: str) -> bool:
    """Whether the disk's kernel starts; what refuses it must say so."""
    with VirtualMachine(config, label=label) as vm:
        match = vm.expect(f"(?P<started>{STARTED})", f"(?P<refused>{REFUSED})", timeout=120)
        vm.note(f"{label}: {match.group(0)}")
        if "started" in match.groupdict():
            return True
        try:
            vm.expect(STARTED, timeout=10)
        except VmError:
            return False
        raise VmError(f"{label}: refused, and started all the same")
