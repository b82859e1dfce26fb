"""What the machine is: read from the running kernel once, then plain facts.

Each noun (disks, firmware, network) has a module; what they parse, they parse purely.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from installer.errors import CommandFailed
from installer.machine import Machine
from installer.probe.disks import probe_disks
from installer.probe.firmware import probe_firmware
from installer.probe.network import probe_interfaces
from installer.probe.sysfs import read_text
from installer.run import Runner

SETTLE_SECONDS = 30


def probe_machine(runner: Runner, *, root: Path = Path("/")) -> Machine:
    """The machine this runs on; ``root`` is where its ``sys``, ``proc``, ``dev`` and ``run`` are.

    :raises CommandFailed: the disks cannot be listed.
    """
    _settle(runner, root)
    dmi = root / "sys/class/dmi/id"
    devices = probe_disks(runner, root)
    return Machine(
        firmware=probe_firmware(root),
        memory=memory_size(read_text(root / "proc/meminfo")),
        cpus=len(os.sched_getaffinity(0)),
        architecture=os.uname().machine,
        virtualization=_virtualization(runner),
        vendor=read_text(dmi / "sys_vendor"),
        product=read_text(dmi / "product_name"),
        disks=devices.disks,
        interfaces=probe_interfaces(runner, root),
        layers=devices.layers,
    )


def memory_size(meminfo: str) -> int:
    """Bytes of memory, from the text of ``/proc/meminfo``; 0 when it does not say."""
    total = re.search(r"^MemTotal: +([0-9]+) kB", meminfo, re.MULTILINE)
    return int(total.group(1)) * 1024 if total else 0


def _settle(runner: Runner, root: Path) -> None:
    """Wait for udev: a slow disk (USB, a RAID controller) may still be announcing itself."""
    if not (root / "run/udev/control").exists():
        return
    try:
        runner.run(["udevadm", "settle", f"--timeout={SETTLE_SECONDS}"])
    except CommandFailed:
        # Something is still busy after half a minute; what is there by now is listed all the same,
        # and the runner has logged why.
        return


def _virtualization(runner: Runner) -> str:
    """The hypervisor's name, "none" on bare metal.

    ``--vm`` passes over containers: the kernel flavour depends on what the kernel runs on.
    """
    try:
        return runner.run(["systemd-detect-virt", "--vm"]).strip() or "none"
    except CommandFailed:  # how it says "none": with an exit code
        return "none"
