"""The plug is pulled: nothing half starts, and the same kickstart installs over it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.vm.case import OPS, Case
from tests.vm.guest import check_host, does_not_boot, install
from tests.vm.http_server import HttpServer
from tests.vm.qemu import Firmware, VmConfig
from tests.vm.virtual_machine import VirtualMachine

pytestmark = [pytest.mark.vm(seconds=220)]
CASE = Case(name="killed")
Events = list[dict[str, Any]]


@pytest.mark.once
def test_killed_before_the_end(medium: Path, installed: list[VmConfig]) -> None:
    with HttpServer(CASE.source) as server:
        config = _config(medium, server)
        _kill_when(config, "the boot loader's turn", _nearly_done, label="end")
        does_not_boot(config, label="after-end")
        install(config, label="again")
    installed.append(config)


def test_killed_and_installed_again(installed: list[VmConfig]) -> None:
    assert installed, "nothing was installed again"
    assert "hostname" in check_host(installed[0], OPS)


def test_killed_in_the_middle(medium: Path) -> None:
    with HttpServer(CASE.source) as server:
        config = _config(medium, server)
        _kill_when(config, "the middle of the payload", _half_unpacked, label="middle")
    does_not_boot(config, label="after-middle")


def _config(medium: Path, server: HttpServer) -> VmConfig:
    arguments = f"photon.ks={server.url('kickstart.json')} photon.events=/dev/ttyS1"
    return VmConfig(
        name=CASE.name,
        firmware=Firmware.EFI,
        disks=(CASE.disk(),),
        variables=CASE.variables,
        cdrom=medium,
        kernel=CASE.kernel(medium, arguments),
        events=CASE.work / "events.jsonl",
    )


def _kill_when(
    config: VmConfig, what: str, reached: Callable[[Events], bool], *, label: str
) -> None:
    assert config.events is not None
    events = config.events
    events.write_bytes(b"")
    with VirtualMachine(config, label=label) as vm:
        vm.wait_until(what, lambda: reached(_events(events)), timeout=600)
        vm.kill()
        vm.note(f"killed at {what}")
    (CASE.work / f"events-{label}.jsonl").write_bytes(events.read_bytes())


def _events(path: Path) -> Events:
    """The events so far; the last line may not be whole yet."""
    lines = path.read_text("utf-8", "replace").splitlines(keepends=True)
    return [json.loads(line) for line in lines if line.startswith("{") and line.endswith("\n")]


def _half_unpacked(events: Events) -> bool:
    """The payload's phase has begun, and has half of its own share behind it."""
    weights = {p["id"]: p["weight"] for e in events if e["event"] == "started" for p in e["phases"]}
    begun = [event["id"] for event in events if event["event"] == "phase_started"]
    if "payload" not in begun:
        return False
    before = sum(weights[phase] for phase in begun[: begun.index("payload")])
    fractions = [event["fraction"] for event in events if event["event"] == "progress"]
    return bool(fractions) and fractions[-1] >= before + weights["payload"] / 2


def _nearly_done(events: Events) -> bool:
    """The last phase before the end, the one that makes the disk start, has begun."""
    return any(event["event"] == "phase_started" and event["id"] == "boot" for event in events)
