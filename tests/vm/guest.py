"""Inside the machine: what the installer says at its end, and a root shell on the host."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass, replace
from pathlib import Path

from tests.vm.media import CHECK_LABEL, labelled_volume
from tests.vm.qemu import Firmware, VmConfig, VmDisk
from tests.vm.virtual_machine import LOG_FOLDER, VirtualMachine, VmError

CASES = Path("tests/cases").resolve()
PROMPT = r"\nREADY> "
PASSPHRASE = r"enter (?:passphrase|recovery key) for disk [^\r\n]*:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Who logs in; anybody but root must be allowed to use sudo."""

    name: str
    password: str


def installed(vm: VirtualMachine, *, timeout: float) -> None:
    """Wait until the unattended installation has ended well.

    :raises VmError: it failed, or took longer than ``timeout`` seconds.
    """
    code = end_of_installation(vm, timeout=timeout)
    if code != 0:
        raise VmError(f"the installation failed with exit {code}:\n{vm.last_lines()}")
    vm.note("installed")


def end_of_installation(vm: VirtualMachine, *, timeout: float) -> int:
    """The exit code in the installer's last line on the console."""
    match = vm.expect(
        r"photon-installer: (?:done|failed: exit (\d+))",
        timeout=timeout, what="the installer's last line",
    )  # fmt: skip
    return int(match.group(1) or 0)


def log_in(
    vm: VirtualMachine, account: Account, *, timeout: float, unlock: str | None = None
) -> None:
    """From a starting host to a root shell on its serial line (within ``timeout`` seconds).

    ``unlock`` is the passphrase that the host must ask for before its login prompt; without it,
    it must not ask for any.
    """
    if unlock is not None:
        vm.expect(PASSPHRASE, timeout=timeout, what="the passphrase prompt")
        vm.note("passphrase prompt")
        vm.send(f"{unlock}\r")
    match = vm.expect(PASSPHRASE, r"\blogin: ", timeout=timeout, what="the login prompt")
    if match.re.pattern == PASSPHRASE:
        raise VmError(f"it asks for a passphrase{' again' if unlock else ''}:\n{vm.last_lines()}")
    vm.note("login prompt")
    vm.send(f"{account.name}\r")
    vm.expect(r"Password: ", timeout=60)
    vm.send(f"{account.password}\r")
    vm.expect(r":~[$#] ", timeout=90, what="a shell")
    if account.name == "root":
        vm.send("exec sh\r")
    else:
        vm.send("exec sudo sh\r")
        vm.expect(r"\[sudo\] password for [a-z]+: ", timeout=60)
        vm.send(f"{account.password}\r")
    vm.expect(r"[\r\n]# ", timeout=60, what="a root shell")
    vm.send("dmesg --console-off; PS1='READY> '\r")
    vm.expect(PROMPT, timeout=30)


def run_inside(vm: VirtualMachine, command: str, *, timeout: float = 60) -> tuple[int, str]:
    """Exit code and output of a shell command on the host."""
    vm.send(f"{command}; echo @@END:$?\r")
    match = vm.expect(r"@@END:(\d+)\r?\n", timeout=timeout, what=f"the end of {command!r}")
    text = vm.before().replace("\r", "").split("@@END:$?\n", 1)[-1]
    vm.expect("READY> ", timeout=30)
    return int(match.group(1)), text.strip("\n")


def told(vm: VirtualMachine, command: str, *, timeout: float = 120) -> str:
    """What a command says on the host that must succeed.

    :raises VmError: it failed.
    """
    code, said = run_inside(vm, command, timeout=timeout)
    if code != 0:
        raise VmError(f"{vm.config.name}: {command} (exit {code}):\n{said[-2000:]}")
    return said


def check_disk(case: str, path: Path) -> Path:
    """A disk that carries the case's check script and what it shares with the others."""
    folder = path.with_suffix(".d")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    shutil.copy(CASES / "lib.sh", folder)
    shutil.copy(CASES / case / "check.sh", folder)
    return labelled_volume(path, CHECK_LABEL, folder)


def check_inside(vm: VirtualMachine, *, timeout: float = 300) -> list[str]:
    """Run the check script on the host (logged in as root); the names of what is fine.

    :raises VmError: something is not, or the script did not get to its end.
    """
    run_inside(vm, f"mount -o ro /dev/disk/by-label/{CHECK_LABEL} /mnt")
    code, output = run_inside(vm, "sh /mnt/check.sh", timeout=timeout)
    fine = re.findall(r"(?m)^ok (.+)$", output)
    wrong = re.findall(r"(?m)^FAIL .+$", output)
    if wrong or code != 0 or "all checks done" not in output:
        raise VmError(f"{vm.config.name}: inside the host (exit {code}):\n{output}")
    vm.note(f"{len(fine)} checks inside the host: {', '.join(fine)}")
    return fine


def switch_off(vm: VirtualMachine) -> None:
    """Shut the host down in an orderly way."""
    vm.send("systemctl poweroff\r")
    vm.wait_exit(timeout=120, what="the power-off")


def install(config: VmConfig, *, timeout: float = 900, label: str = "install") -> None:
    """Run an unattended installation from switching on to the restart."""
    with VirtualMachine(config, label=label) as vm:
        if config.firmware is not Firmware.BIOS:
            vm.expect("EFI stub", timeout=120, what="the medium's kernel")
            vm.note("kernel of the medium")
        installed(vm, timeout=timeout)
        vm.wait_exit(timeout=120, what="the restart")
        vm.note("restart")
        failed = [line for line in vm.lines() if "mounting efivarfs" in line]
        if failed:
            raise VmError(f"{config.name}: the initrd mounts what it cannot: {failed[0]}")


def check_host(
    config: VmConfig,
    account: Account,
    *,
    label: str = "host",
    disks: int = 1,
    unlock: str | None = None,
) -> list[str]:
    """Start the installed disks alone, check the host from inside, switch it off.

    The machine is ``config`` with its first ``disks`` disks, without a medium, a network boot or a
    kernel of its own. ``unlock`` is as for :func:`log_in`.
    """
    script = check_disk(config.name, LOG_FOLDER / config.name / "check.img")
    alone = replace(
        config, cdrom=None, kernel=None, network_boot=None, events=None,
        disks=(*config.disks[:disks], VmDisk(path=script)),
    )  # fmt: skip
    with VirtualMachine(alone, label=label) as vm:
        log_in(vm, account, timeout=300, unlock=unlock)
        loading = [line for line in vm.lines() if "Loading Linux" in line]
        if len(loading) > 1:
            raise VmError(f"{config.name}: GRUB prints each line {len(loading)} times")
        fine = check_inside(vm)
        switch_off(vm)
    return fine


def does_not_boot(config: VmConfig, *, label: str) -> None:
    """Start a disk alone (EFI): the firmware must not find anything that starts on it.

    :raises VmError: something started, or the firmware did not say that nothing can.
    """
    alone = replace(config, cdrom=None, kernel=None, events=None, network=False)
    with VirtualMachine(alone, label=label) as vm:
        match = vm.expect(
            "No bootable option", r"Shell> ", "GRUB", "EFI stub", "Linux version", timeout=90,
            what="the firmware's word that nothing can be started",
        )  # fmt: skip
        if match.group(0) not in ("No bootable option", "Shell> "):
            raise VmError(f"half a system starts:\n{vm.last_lines()}")
        vm.note("nothing on the disk starts")
