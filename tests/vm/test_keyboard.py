"""A person at the machine with a German keyboard, from the screens to the login on the host.

What the screens, the initrd and the login prompt read is typed by the same keys. On BIOS, where the
screen's text can be read from outside.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.vm.case import Case
from tests.vm.qemu import Firmware, VmConfig
from tests.vm.vga import Vga
from tests.vm.virtual_machine import VirtualMachine

pytestmark = pytest.mark.vm(seconds=270)
CASE = Case(name="keyboard")
PASSPHRASE = "Zwölf Yaks üben-"
PASSWORD = "Süße Yaks zähmen"
# As the menu's first entry has it. The kernel's complaints come on the serial line as well.
SCREEN = "console=ttyS0,115200 console=tty0"
ASKED = "passphrase for disk"
WRONG = 4  # one more than systemd's own limit


def test_keyboard(medium: Path) -> None:
    kernel = CASE.kernel(medium, "")
    config = VmConfig(
        name=CASE.name,
        firmware=Firmware.BIOS,
        disks=(CASE.disk(),),
        cdrom=medium,
        kernel=replace(kernel, arguments=f"boot=photon loglevel=4 {SCREEN} nomodeset"),
    )
    with VirtualMachine(config, label="install") as vm:
        _install(vm, Vga(vm, CASE.work))
    with VirtualMachine(replace(config, cdrom=None, kernel=None), label="host") as vm:
        _log_in(vm, Vga(vm, CASE.work))


def _install(vm: VirtualMachine, person: Vga) -> None:
    person.expect(r"\[welcome\]", timeout=240)
    person.go_to("Keyboard layout")
    person.press("end", "backspace", "backspace")
    person.type("de")
    person.press("f10")
    person.expect(r"\[disk\]", timeout=60)
    person.expect("PHOTON0", timeout=120)
    person.press("f10")
    person.expect(r"\[storage\]", timeout=60)
    person.go_to("[ ] Encryption")
    person.press("spc")
    _type_twice(person, "Passphrase", PASSPHRASE)
    for screen in ("boot", "packages", "network", "host", "accounts"):
        person.press("f10")
        person.expect(rf"\[{screen}\]", timeout=60)
    _type_twice(person, "Root password", PASSWORD)
    person.press("f10")
    person.expect(r"\[review\]", timeout=60)
    person.expect("will be erased", timeout=180)
    person.press("f10")
    person.expect("Erase the disk", timeout=60)
    person.type("vda")
    person.press("ret", "ret")
    person.expect(r"\[done\]", timeout=900)
    person.expect("Photon is installed", timeout=60)
    person.press("ret")
    vm.wait_exit(timeout=120, what="the restart")


def _type_twice(person: Vga, label: str, text: str) -> None:
    person.go_to(label)
    person.type(text)
    person.press("ret")
    person.type(text)


def _log_in(vm: VirtualMachine, person: Vga) -> None:
    for times in range(1, WRONG + 1):
        person.expect(ASKED, timeout=300, count=times)
        person.type("falsch\r")
    person.expect(ASKED, timeout=120, count=WRONG + 1)
    person.type(f"{PASSPHRASE}\r")
    person.expect("photon login:", timeout=300)
    # Nothing of the kernel's is between the prompts.
    assert "[    " not in person.text().partition(ASKED)[2]
    person.type("root\r")
    person.expect("Password:", timeout=60)
    person.type(f"{PASSWORD}\r")
    person.expect(r"root@photon:~#", timeout=90)
    vm.note("logged in")
    person.type("poweroff\r")
    vm.wait_exit(timeout=120, what="the power-off")
