"""The boot check on a host that runs: from the medium, as its documentation says."""

from __future__ import annotations

import json

from tests.vm.guest import run_inside, told
from tests.vm.image import UNBOOTABLE
from tests.vm.virtual_machine import VirtualMachine

_VERIFY = (
    "PYTHONPATH=/media/usr/lib/photon-installer python3 -P -m installer verify --root / --json"
)
_OUTPUT = "/run/verify.json"
_CHANGE = (
    "import sys; f = open(sys.argv[1], 'r+b'); f.seek(40000); b = f.read(1)[0]; f.seek(40000);"
    " f.write(bytes([b ^ 1]))"
)


def mount_medium(vm: VirtualMachine) -> None:
    """Bring the installer of the medium, which is one of the disks, into the host's reach."""
    told(vm, "mount -o ro /dev/disk/by-label/PHOTON /mnt")
    told(vm, "mount -o ro,loop /mnt/photon/installer.squashfs /media")


def wrong_by_own_check(vm: VirtualMachine) -> tuple[str, ...]:
    """What the host finds wrong with itself, nothing when it says that it boots."""
    code, said = run_inside(vm, f"{_VERIFY} >{_OUTPUT}", timeout=300)
    assert code in (0, UNBOOTABLE), said
    findings = json.loads(told(vm, f"cat {_OUTPUT}"))["findings"]
    wrong = tuple(f"{each['what']}: {each['text']}" for each in findings if not each["good"])
    assert bool(wrong) == (code == UNBOOTABLE), (code, wrong)
    return wrong


def finds_one_byte(vm: VirtualMachine, path: str) -> None:
    """The check names the file while one byte of it is another, and nothing once it is back."""
    told(vm, f'python3 -c "{_CHANGE}" {path}')
    wrong = wrong_by_own_check(vm)
    name = path.rpartition("/")[2]
    assert any(name in each for each in wrong), f"{path} was changed, and the check says {wrong}"
    vm.note(f"{path}: {wrong[0]}")
    told(vm, f'python3 -c "{_CHANGE}" {path}')
    assert not wrong_by_own_check(vm)
