"""A person at the serial line, from welcome to done; what was saved on the way gives the same."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from installer import api
from installer.machine.facts import machine_from_json
from installer.payload.index import load_payload_index
from ks_schema import Document, load
from tests.vm.case import OPS, Case
from tests.vm.guest import check_disk, check_inside, log_in, run_inside, switch_off
from tests.vm.media import from_medium
from tests.vm.qemu import Firmware, VmConfig, VmDisk
from tests.vm.virtual_machine import VirtualMachine

pytestmark = [pytest.mark.vm(seconds=180), pytest.mark.once]
CASE = Case(name="interactive")
NEXT, BACK, ENTER, TAB = "\x1b[21~", "\x1b", "\r", "\t"
# The second serial port: what the person saves there is in the test's hands at once.
SAVE_AS = "/dev/ttyS1"
MEDIUM_PAYLOAD = "/run/photon/medium/photon/payload"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """A screen on the way: its id, what must be on it, what is typed there."""

    screen: str
    shows: str
    keys: tuple[str, ...] = ()


def _over(text: str, *, length: int = 40) -> tuple[str, ...]:
    """Type ``text`` in place of what is in the field."""
    return ("\x1b[F", "\x7f" * length, text)


WAY = (
    Stop(screen="welcome", shows="Welcome to Photon"),
    Stop(screen="disk", shows="PHOTON0"),
    Stop(screen="storage", shows="Root filesystem"),
    Stop(screen="boot", shows="Secure Boot is on"),
    Stop(screen="packages", shows="Minimal"),
    Stop(screen="network", shows="52:54:00:12:34:56"),
    Stop(screen="host", shows="Host name", keys=_over("walked")),
    Stop(
        screen="accounts",
        shows="Root password",
        keys=(ENTER, ENTER, OPS.name, ENTER, ENTER, OPS.password, ENTER, OPS.password, ENTER),
    ),
)


def test_interactive(medium: Path) -> None:
    disk, saved = CASE.disk(), CASE.work / "saved.json"
    (CASE.work / "screens.txt").unlink(missing_ok=True)
    config = VmConfig(
        name=CASE.name,
        firmware=Firmware.SECURE,
        variables=CASE.variables,
        disks=(disk,),
        cdrom=CASE.medium(medium, "photon.walk=by-hand"),
        events=saved,
    )
    with VirtualMachine(config, label="install") as vm:
        vm.start_screen()
        _walk(vm)
        _save(vm, saved)
        _install(vm)
    kickstart = load(_kickstart_text(saved), name="saved.json")
    assert kickstart.data["hostname"] == "walked"
    assert OPS.password not in _kickstart_text(saved)
    report, kept = _look_inside(config)
    assert kept == kickstart.data
    planned = _planned(kickstart, report, medium, config)
    assert _steps(planned) == _steps(report)


def _walk(vm: VirtualMachine) -> None:
    for stop in WAY:
        _arrive(vm, stop.screen, stop.shows)
        for keys in stop.keys:
            vm.send(keys)
        vm.send(NEXT)
    _arrive(vm, "review", "will be erased", timeout=180)
    # Back two screens and on again: nothing that was typed is lost.
    vm.send(BACK)
    _arrive(vm, "accounts", OPS.name)
    vm.send(BACK)
    _arrive(vm, "host", "walked")
    vm.send(NEXT)
    _arrive(vm, "accounts", OPS.name)
    vm.send(NEXT)
    _arrive(vm, "review", "PHOTON0", timeout=180)


def _arrive(vm: VirtualMachine, screen: str, shows: str, *, timeout: float = 240) -> None:
    vm.expect_screen(rf"\[{screen}\]", timeout=timeout)
    vm.expect_screen(shows, timeout=60)
    vm.note(f"screen {screen}")
    with (CASE.work / "screens.txt").open("a", encoding="utf-8") as file:
        file.write(f"{vm.screen()}\n{'=' * 80}\n")


def _save(vm: VirtualMachine, saved: Path) -> None:
    _press(vm, "Save as kickstart")
    vm.expect_screen("It holds hashes", timeout=60)
    for keys in (*_over(SAVE_AS), ENTER, ENTER):
        vm.send(keys)
    vm.expect_screen(f"Saved as {SAVE_AS}", timeout=60)
    vm.wait_until("the whole kickstart", lambda: _is_json(saved), timeout=60)
    vm.send(ENTER)


def _press(vm: VirtualMachine, button: str) -> None:
    """Go to the button with Tab and press it; the one with the focus has a mark before it."""
    for _ in range(8):
        shown = vm.screen()
        if f"> < {button} >" in shown:
            break
        vm.send(TAB)
        vm.wait_until("the next button", partial(_differs, vm, shown), timeout=30)
    vm.send(ENTER)


def _differs(vm: VirtualMachine, shown: str) -> bool:
    return vm.screen() != shown


def _kickstart_text(path: Path) -> str:
    """What was saved, without what the firmware said on that line before."""
    text = path.read_text("utf-8", "replace")
    return text[max(0, text.find("\n{")) :].strip()


def _is_json(path: Path) -> bool:
    try:
        json.loads(_kickstart_text(path))
    except ValueError:
        return False
    return True


def _install(vm: VirtualMachine) -> None:
    vm.send(NEXT)
    vm.expect_screen("Erase the disk", timeout=60)
    for keys in ("vda", ENTER, ENTER):
        vm.send(keys)
    _arrive(vm, "progress", "vda", timeout=60)
    _arrive(vm, "done", "Photon is installed", timeout=600)
    vm.send(ENTER)
    vm.wait_exit(timeout=120, what="the restart")


def _look_inside(config: VmConfig) -> tuple[dict[str, Any], dict[str, Any]]:
    """The report and the kickstart that the host keeps; the host is checked on the way."""
    script = check_disk(CASE.name, CASE.work / "check.img")
    alone = replace(
        config, cdrom=None, events=None,
        disks=(*config.disks, VmDisk(path=script)),
    )  # fmt: skip
    with VirtualMachine(alone, label="host") as vm:
        log_in(vm, OPS, timeout=300)
        check_inside(vm)
        papers = [
            json.loads(run_inside(vm, f"cat /var/log/photon-installer/{name}")[1])
            for name in ("report.json", "kickstart.json")
        ]
        switch_off(vm)
    return papers[0], papers[1]


def _steps(plan: dict[str, Any]) -> list[dict[str, Any]]:
    """Every step of a plan, but the one that keeps the report, which cannot hold itself."""
    actions = [action for phase in plan["phases"] for action in phase["actions"]]
    return [action for action in actions if action["action"] != "KeepRecord"]


def _planned(
    kickstart: Document, report: dict[str, Any], medium: Path, config: VmConfig
) -> dict[str, Any]:
    """What the saved kickstart makes of the same machine, with the same seed."""
    folder = CASE.work / "payload"
    from_medium(medium, "/photon/payload/index.json", folder / "index.json")
    payload = replace(load_payload_index(os.fspath(folder)), source=MEDIUM_PAYLOAD)
    machine = machine_from_json(
        {
            "firmware": {"mode": "efi", "secure_boot": "enabled"},
            "memory": config.memory_mib << 20,
            "virtualization": "qemu",
            "disks": report["disks"],
        }
    )
    data: dict[str, Any] = api.prepare(kickstart, machine, payload, seed=report["seed"]).to_json()
    return data
