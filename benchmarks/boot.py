"""Seconds in a virtual machine: to the first screen, the first write, the end, a ready host.

Needs the built medium and what the VM tests need.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from statistics import median

from benchmarks.machines import KICKSTARTS, interactive, machine_kind, unattended
from benchmarks.results import Figure, Section, arguments, publish
from tests.vm.case import OPS
from tests.vm.guest import log_in, run_inside, switch_off
from tests.vm.http_server import HttpServer
from tests.vm.qemu import VmConfig
from tests.vm.virtual_machine import VirtualMachine, VmError

NAME = "benchmark-boot"
FIRST_SCREEN = "Welcome to Photon"
LONGEST = 900.0
SSH_UNITS = ("ssh.service", "ssh.socket")
DOCKER_UNITS = ("docker.service",)
MOMENTS: tuple[tuple[str, str, dict[str, str]], ...] = (
    ("reset to the first write", "action_started", {"phase": "partition"}),
    ("reset to done", "finished", {}),
)
_MICROSECONDS = 1e6

Times = dict[str, float]


def main() -> None:
    """Measure, print, and write the section of the results."""
    options = arguments(__doc__, rounds=3).parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    rounds = [{**first_screen(), **installation()} for _ in range(options.rounds)]
    publish(
        Section(
            title="Virtual machine",
            how=(
                f"Seconds, median of {options.rounds} rounds: {machine_kind()}, the medium as a "
                f"CD, its menu without a pause, minimal set on ext4, kickstart over HTTP. Ready is "
                f"what systemd calls active."
            ),
            figures=[
                Figure(what=what, measured=_spread(each[what] for each in rounds))
                for what in rounds[0]
            ],
            note=options.note,
        )
    )


def first_screen() -> Times:
    """From the reset to the first screen on the serial line."""
    with VirtualMachine(interactive(NAME), label="first-screen") as vm:
        vm.start_screen()
        vm.expect_screen(FIRST_SCREEN, timeout=LONGEST)
        return {"reset to the first screen": vm.seconds}


def installation() -> Times:
    """An unattended installation, then the host's first start."""
    times: Times = {}
    with HttpServer(KICKSTARTS) as server:
        install = unattended(NAME, server)
        with VirtualMachine(install.config, label="install") as vm:
            for what, event, members in MOMENTS:
                vm.wait_until(what, partial(install.happened, event, **members), timeout=LONGEST)
                times[what] = vm.seconds
            vm.wait_exit(timeout=LONGEST, what="the restart")
    return {**times, **_first_start(install.config)}


def _first_start(config: VmConfig) -> Times:
    alone = replace(config, cdrom=None, events=None)
    with VirtualMachine(alone, label="host") as vm:
        log_in(vm, OPS, timeout=LONGEST)
        run_inside(vm, "systemctl is-system-running --wait", timeout=LONGEST)
        _, uptime = run_inside(vm, "cut -d' ' -f1 /proc/uptime")
        # The guest's clock starts with its kernel; the firmware and GRUB came before that.
        kernel_started = vm.seconds - float(uptime)
        times = {
            "restart to the kernel": kernel_started,
            "restart to sshd ready": kernel_started + _active_since(vm, SSH_UNITS),
            "restart to Docker ready": kernel_started + _active_since(vm, DOCKER_UNITS),
        }
        switch_off(vm)
    return times


def _active_since(vm: VirtualMachine, units: tuple[str, ...]) -> float:
    """Seconds from the kernel's start until the first of the units was active."""
    found = []
    said = []
    for unit in units:
        # Through a pipe: on a terminal systemctl adds sequences for it to the answer.
        command = f"systemctl show --property=ActiveEnterTimestampMonotonic --value {unit} | cat"
        _, text = run_inside(vm, command)
        answer = text.strip()
        said.append(text)
        if answer.isdigit() and int(answer) > 0:
            found.append(int(answer) / _MICROSECONDS)
    if not found:
        raise VmError(f"{' and '.join(units)}: not active on the host; systemctl said {said}")
    return min(found)


def _spread(values: Iterable[float]) -> str:
    each = sorted(values)
    spread = f" ({each[0]:.1f} to {each[-1]:.1f})" if len(each) > 1 else ""
    return f"{median(each):.1f} s{spread}"


if __name__ == "__main__":
    main()
