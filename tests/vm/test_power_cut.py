"""The plug is pulled while an ESP is written: on installation, and on an upgrade of shim and GRUB.

What the disk was given is recorded, and replayed to points where what was not flushed is missing or
torn. The firmware's rules judge each of them, and OVMF starts it: everything starts, or nothing.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.fat import Fat
from tests.firmware import NOTHING, STARTS, Files, Firmware
from tests.power_cut import Write, cut_states, logged_writes
from tests.vm.case import OPS, Case
from tests.vm.guest import install, log_in, switch_off, told
from tests.vm.http_server import HttpServer
from tests.vm.image import build_image
from tests.vm.parts import esp_place
from tests.vm.qemu import Firmware as Started
from tests.vm.qemu import VmConfig, VmDisk
from tests.vm.virtual_machine import VirtualMachine, VmError

pytestmark = [pytest.mark.vm(seconds=330)]
CASE = Case(name="power-cut")
STATES, SEED = 40, 20250704
# Of these, how many OVMF starts after an upgrade; after an installation it is all.
STARTED_AFTER_UPGRADE = 10
# Of the ESP: it is filled from its beginning.
SEEN = 64 << 20
# shim and GRUB of other versions, as far as a firmware without Secure Boot can tell: the text that
# they print on DOS is another.
UPGRADE = (
    "LC_ALL=C sed -i 's/in DOS mode/in dos MODE/'"
    " /usr/lib/shim/*.signed /usr/lib/grub/x86_64-efi-signed/*.signed; photon-boot sync"
)


def test_installation(medium: Path) -> None:
    with HttpServer(CASE.source) as server:
        disk = replace(CASE.disk(), log=CASE.work / "install.writes")
        arguments = f"photon.ks={server.url('kickstart.json')}"
        config = VmConfig(
            name=CASE.name,
            firmware=Started.EFI,
            disks=(disk,),
            variables=CASE.variables,
            cdrom=medium,
            kernel=CASE.kernel(medium, arguments),
        )
        install(config)
    start, size = _place(disk.path)
    log = list(logged_writes(CASE.work / "install.writes", start, size))
    (CASE.work / "install.writes").unlink()
    outcomes = _judge(bytes(size), log, disk.path, (_files(disk.path),), started=STATES)
    assert outcomes.count(STARTS) > 0
    assert outcomes.count(NOTHING) > 0


def test_upgrade(medium: Path) -> None:
    image = build_image(CASE, medium)
    start, size = _place(image)
    old, base = _files(image), _esp(image)
    log = CASE.work / "upgrade.writes"
    CASE.variables.unlink(missing_ok=True)
    config = VmConfig(
        name=CASE.name,
        firmware=Started.EFI,
        disks=(VmDisk(path=image, log=log),),
        variables=CASE.variables,
        stop_on_reset=False,
        network=False,
    )
    with VirtualMachine(config, label="upgrade") as vm:
        log_in(vm, OPS, timeout=300)
        told(vm, UPGRADE, timeout=300)
        switch_off(vm)
    writes = list(logged_writes(log, start, size))
    log.unlink()
    changed = {path for path, content in _files(image).items() if content != old.get(path)}
    assert {f"efi/debian/{name}x64.efi" for name in ("shim", "grub")} <= changed
    versions = (old, _files(image))
    outcomes = _judge(base, writes, image, versions, started=STARTED_AFTER_UPGRADE)
    assert set(outcomes) == {STARTS}


def _judge(
    base: bytes, log: list[Write], disk: Path, versions: tuple[Files, ...], *, started: int
) -> list[str]:
    """What becomes of the states, without a boot entry, by the firmware's rules.

    None may start half, with an entry neither. ``started`` of the states are started, too.
    """
    firmware, found, seen = Firmware(versions), list[str](), set[bytes]()
    chosen = random.Random(SEED).sample(range(STATES), started)
    for number, (name, state) in enumerate(cut_states(base, log, STATES, SEED)):
        files = Fat(state).files()
        firmware.starts(files, entry=True)
        found.append(firmware.starts(files, entry=False))
        if number in chosen and state not in seen:
            assert _start(disk, state, f"cut-{number}") == found[-1], name
            seen.add(state)
    return found


def _start(disk: Path, state: bytes, label: str) -> str:
    """Start the disk with this state of its ESP; the firmware knows no entry of it."""
    CASE.variables.unlink(missing_ok=True)
    before = _put(disk, state)
    config = VmConfig(
        name=CASE.name,
        firmware=Started.EFI,
        disks=(VmDisk(path=disk),),
        variables=CASE.variables,
        network=False,
        stop_on_reset=False,  # the fallback restarts the machine, once
    )
    try:
        with VirtualMachine(config, label=label) as vm:
            match = vm.expect(
                "No bootable option", r"Shell> ", "EFI stub", "Linux version", timeout=120,
                what="a start, or the firmware's word that nothing can be started",
            )  # fmt: skip
            vm.note(f"{label}: {match.group(0)}")
    except VmError as error:
        raise AssertionError(f"{label}: it loops, or stands still: {error}") from error
    finally:
        _put(disk, before)
    return NOTHING if match.group(0) in ("No bootable option", "Shell> ") else STARTS


def _place(disk: Path) -> tuple[int, int]:
    start, size = esp_place(disk)
    return start, min(size, SEEN)


def _files(disk: Path) -> Files:
    return Fat(_esp(disk)).files()


def _esp(disk: Path) -> bytes:
    start, size = _place(disk)
    with disk.open("rb") as file:
        file.seek(start)
        return file.read(size)


def _put(disk: Path, state: bytes) -> bytes:
    """Give the disk this ESP; the one that it had."""
    before = _esp(disk)
    start, _ = _place(disk)
    with disk.open("r+b") as file:
        for at in _differing(before, state):
            file.seek(start + at)
            file.write(state[at : at + 4096])
    return before


def _differing(one: bytes, other: bytes) -> Iterator[int]:
    for at in range(0, len(one), 4096):
        if one[at : at + 4096] != other[at : at + 4096]:
            yield at
