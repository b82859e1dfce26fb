"""The virtual machines that are measured: the case minimal-efi under other names."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.medium import medium
from tests.vm.case import Case
from tests.vm.http_server import HttpServer
from tests.vm.qemu import Firmware, VmConfig, emulated

KICKSTARTS = Case(name="minimal-efi").source


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    """A machine that installs unattended once it is switched on."""

    config: VmConfig
    events: Path

    def happened(self, event: str, **members: str) -> bool:
        """Whether the installer has reported such an event by now."""
        wanted = {"event": event, **members}
        return any(wanted.items() <= each.items() for each in _events(self.events))


def unattended(name: str, server: HttpServer, *, memory_mib: int = 2048) -> Installation:
    """Firmware with Secure Boot, the medium as a CD, an empty disk, a kickstart over HTTP."""
    case = Case(name=name)
    disk = case.disk()
    events = case.work / "events.jsonl"
    events.write_bytes(b"")
    arguments = f"photon.ks={server.url('kickstart.json')} photon.events=/dev/ttyS1"
    config = VmConfig(
        name=name,
        firmware=Firmware.SECURE,
        variables=case.variables,
        disks=(disk,),
        cdrom=case.medium(medium(), arguments),
        events=events,
        memory_mib=memory_mib,
    )
    return Installation(config=config, events=events)


def interactive(name: str) -> VmConfig:
    """The same machine without a kickstart: it shows the screens on its serial line."""
    case = Case(name=name)
    return VmConfig(
        name=name,
        firmware=Firmware.SECURE,
        disks=(case.disk(),),
        variables=case.variables,
        cdrom=case.medium(medium(), ""),
    )


def machine_kind() -> str:
    """What the figures of the machines hold for."""
    kind = "an emulated processor (TCG)" if emulated() else "KVM"
    return f"QEMU with 2 processors, {kind}, OVMF enforcing Secure Boot"


def _events(path: Path) -> list[dict[str, Any]]:
    """The events so far; the last line may not be whole yet."""
    lines = path.read_text("utf-8", "replace").splitlines(keepends=True)
    return [json.loads(line) for line in lines if line.startswith("{") and line.endswith("\n")]
