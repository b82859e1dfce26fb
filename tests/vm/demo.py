"""``make demo``: from the built medium to a Secure Boot host in one virtual machine, reported."""

from __future__ import annotations

import json
import logging
import re
import sys
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from tests.vm.case import OPS, Case
from tests.vm.guest import installed, log_in, run_inside, switch_off
from tests.vm.http_server import HttpServer
from tests.vm.media import built_medium
from tests.vm.qemu import Firmware, VmConfig, emulated
from tests.vm.virtual_machine import VirtualMachine, VmError

CASE = Case(name="minimal-efi")
WORK = Case(name="demo")
EVENTS = "/var/log/photon-installer/events.jsonl"


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A line of the report: a command inside the host and what its answer must match."""

    title: str
    command: str
    expected: str


QUESTIONS = (
    Question(
        title="Secure Boot (firmware variable)",
        command="od -An -tu1 -j4 /sys/firmware/efi/efivars/SecureBoot-* | tr -d ' '",
        expected=r"^1$",
    ),
    Question(
        title="Secure Boot (kernel)",
        command="journalctl -b -k -o cat | grep -i -E 'secure ?boot|locked down from'"
        " | cut -c1-70 | sort -u",
        expected=r"(?i)secure boot enabled",
    ),
    Question(
        title="os-release",
        command="grep -E '^(PRETTY_NAME|ID|ID_LIKE|VERSION_ID)=' /etc/os-release",
        expected=r"(?m)^ID=photon$",
    ),
    Question(title="kernel", command="uname -sr", expected=r"^Linux \d"),
    Question(title="df /", command="df -h /", expected=r" /$"),
    Question(
        title="docker",
        command="docker info --format '{{.ServerVersion}}, storage {{.Driver}},"
        " cgroup {{.CgroupVersion}}, {{.OperatingSystem}}'",
        expected=r"^\d+\.\d+.*Photon",
    ),
    Question(
        title="state",
        command="systemctl is-system-running --wait",
        expected=r"^running$",
    ),
    Question(
        title="failed units",
        command="systemctl --failed --plain --no-legend --no-pager | grep . || echo none",
        expected=r"^none$",
    ),
)


def main() -> int:
    """Run it; 0 when everything is as it should be."""
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stdout)
    try:
        report, wrong = _demo(built_medium())
    except VmError as error:
        print(error, file=sys.stderr)
        return 1
    print("\n".join(report))
    for line in wrong:
        print(f"NOT AS IT SHOULD BE: {line}", file=sys.stderr)
    return 1 if wrong else 0


def _demo(medium: Path) -> tuple[list[str], list[str]]:
    print(
        "Photon demo: UEFI, Secure Boot enforced, empty disk, kickstart over HTTP"
        f"{' (the processor is emulated: be patient)' if emulated() else ''}"
    )
    with HttpServer(CASE.source) as server:
        config = VmConfig(
            name=WORK.name,
            firmware=Firmware.SECURE,
            disks=(WORK.disk(),),
            variables=WORK.variables,
            cdrom=WORK.medium(medium, f"photon.ks={server.url('kickstart.json')}"),
            stop_on_reset=False,
        )
        with VirtualMachine(config, label="demo") as vm:
            return _report(vm)


def _report(vm: VirtualMachine) -> tuple[list[str], list[str]]:
    seconds = {}
    vm.expect("EFI stub", timeout=120, what="the medium's kernel")
    vm.note("medium: firmware, shim and GRUB were accepted, its kernel starts")
    seconds["firmware to the medium's kernel"] = vm.seconds
    vm.expect("Photon", r"photon-installer", timeout=240, what="the installer")
    installed(vm, timeout=900)
    seconds["medium's kernel to the installed disk"] = vm.seconds - sum(seconds.values())
    vm.expect("EFI stub", timeout=180, what="the installed disk's kernel")
    vm.note("installed disk: its kernel starts")
    seconds["restart to the host's kernel"] = vm.seconds - sum(seconds.values())
    log_in(vm, OPS, timeout=300)
    seconds["host's kernel to a root shell"] = vm.seconds - sum(seconds.values())
    answers = [(question, run_inside(vm, question.command)[1]) for question in QUESTIONS]
    seconds |= _phases(run_inside(vm, f"grep phase_started {EVENTS}; tail -n 1 {EVENTS}")[1])
    vm.note("asked everything, switching off")
    switch_off(vm)
    report = ["", "--- Photon, as the installed host sees itself ---"]
    for question, answer in answers:
        first, *rest = answer.splitlines() or ["(nothing)"]
        report.append(f"{question.title + ':':<34} {first}")
        report += [f"{'':<34} {line}" for line in rest]
    report += ["", "--- seconds ---", *(f"{name:<40} {s:5.0f}" for name, s in seconds.items())]
    wrong = [
        f"{question.title}: {answer!r}"
        for question, answer in answers
        if not re.search(question.expected, answer)
    ]
    return report, wrong


def _phases(lines: str) -> dict[str, float]:
    """Seconds of each phase of the installation; the last line says until when it is known."""
    events = [json.loads(line) for line in lines.splitlines() if line.startswith("{")]
    return {
        f"  of these: {event['title']}": after["time"] - event["time"]
        for event, after in pairwise(events)
    }


if __name__ == "__main__":
    sys.exit(main())
