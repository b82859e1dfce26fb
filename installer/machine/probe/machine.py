"""What the machine is: read from the running kernel once, then plain facts.

Each part (disks, firmware, network) has a module; what they parse, they parse purely.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable
from pathlib import Path

from installer.errors import CommandFailed
from installer.events import Emit
from installer.machine.facts import Machine
from installer.machine.probe.disks import Devices, probe_disks
from installer.machine.probe.firmware import probe_firmware
from installer.machine.probe.network import probe_interfaces
from installer.machine.probe.shrink import with_minimums
from installer.machine.probe.sysfs import read_text
from installer.machine.probe.systems import with_system_names
from installer.machine.probe.wait import Missing, settle, wait_for_disks
from installer.system.runner import Runner

_LIVE_FOLDER = "run/photon"


def probe_machine(
    runner: Runner,
    *,
    emit: Emit = lambda _: None,
    missing: Missing = lambda _: "",
    root: Path = Path("/"),
    sleep: Callable[[float], None] = time.sleep,
) -> Machine:
    """The machine this runs on; ``root`` is where its ``sys``, ``proc``, ``dev`` and ``run`` are.

    In the live system, disks that come late are waited for, as long as any are ``missing``.
    ``emit`` gets a message for each wait.

    :raises CommandFailed: the disks cannot be listed.
    """
    dmi = root / "sys/class/dmi/id"
    devices = _devices(runner, root, missing, emit=emit, sleep=sleep)
    return Machine(
        firmware=probe_firmware(root),
        memory=memory_size(read_text(root / "proc/meminfo")),
        cpus=len(os.sched_getaffinity(0)),
        architecture=os.uname().machine,
        virtualization=_virtualization(runner),
        vendor=read_text(dmi / "sys_vendor"),
        product=read_text(dmi / "product_name"),
        disks=tuple(
            with_minimums(runner, with_system_names(runner, disk)) for disk in devices.disks
        ),
        interfaces=probe_interfaces(runner, root),
        layers=devices.layers,
        left_out=devices.left_out,
    )


def memory_size(meminfo: str) -> int:
    """Bytes of memory, from the text of ``/proc/meminfo``; 0 when it does not say."""
    total = re.search(r"^MemTotal: +([0-9]+) kB", meminfo, re.MULTILINE)
    return int(total.group(1)) * 1024 if total else 0


def _devices(
    runner: Runner,
    root: Path,
    missing: Missing,
    *,
    emit: Emit,
    sleep: Callable[[float], None],
) -> Devices:
    if (root / "run/udev/control").exists():
        settle(runner, emit)
    if not (root / _LIVE_FOLDER).is_dir():
        # Elsewhere a machine without a disk to use is nothing unusual.
        return probe_disks(runner, root)
    return wait_for_disks(lambda: probe_disks(runner, root), missing, emit=emit, sleep=sleep)


def _virtualization(runner: Runner) -> str:
    """The hypervisor's name, "none" on bare metal.

    ``--vm`` passes over containers: the kernel flavour depends on what the kernel runs on.
    """
    try:
        return runner.run(["systemd-detect-virt", "--vm"]).strip() or "none"
    except CommandFailed:  # how it says "none": with an exit code
        return "none"
