"""A virtual machine as data, and the QEMU command line that makes it."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cache
from pathlib import Path

OVMF = Path("/usr/share/OVMF")
QEMU = "qemu-system-x86_64"
# An older processor starts the medium in some 15 % less time than "max": it has no AVX registers to
# save, and as one of AMD's it needs no page table isolation. AES and SHA are worth being emulated.
_EMULATED_CPU = (
    "Opteron_G3,misalignsse=off,ssse3=on,sse4.1=on,sse4.2=on,aes=on,pclmulqdq=on,sha-ni=on"
)


class Firmware(StrEnum):
    """What the machine starts with.

    SECURE enforces Secure Boot with Microsoft's keys; SETUP has no keys yet, and enforces as soon
    as somebody gives it some.
    """

    SECURE = "secure"
    SETUP = "setup"
    EFI = "efi"
    BIOS = "bios"


class Hardware(StrEnum):
    """Which devices: a hypervisor's own (virtio), or what VirtualBox presents."""

    VIRTIO = "virtio"
    VIRTUALBOX = "virtualbox"


class Bus(StrEnum):
    """How a disk is attached."""

    VIRTIO = "virtio"
    NVME = "nvme"
    SATA = "sata"
    USB = "usb"


@dataclass(frozen=True, slots=True, kw_only=True)
class VmDisk:
    """A raw image as a disk of the machine.

    Without a ``bus`` it is attached the way of the machine's hardware. ``sector`` is the size of
    its logical and physical sectors in bytes; SATA disks know 512 only. ``faults`` is a file of
    rules by which its writes fail (:func:`write_faults`); ``log`` gets all its writes and flushes,
    in the format of dm-log-writes. One that is ``late`` is not there until
    :meth:`~tests.vm.virtual_machine.VirtualMachine.plug` puts it in.
    """

    path: Path
    serial: str = ""
    bus: Bus | None = None
    sector: int = 512
    faults: Path | None = None
    log: Path | None = None
    late: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectKernel:
    """QEMU loads the kernel itself: no firmware menu, no boot loader, about 10 s less."""

    kernel: Path
    initrd: Path
    arguments: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkBoot:
    """The TFTP folder of the user network and the file that the firmware asks for."""

    folder: Path
    bootfile: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VmConfig:
    """The whole machine.

    ``variables`` is the firmware's NVRAM (made when it does not exist; keep it to keep the boot
    entries). ``tpm`` is the folder of a TPM 2.0's state (made when it does not exist).
    ``events`` is a file that gets what the guest writes to its second serial port.
    ``cpus`` 0 is this machine's share of the host's processors.
    With ``stop_on_reset`` a restart ends the machine, so that the test decides what comes next.
    """

    name: str
    firmware: Firmware
    disks: tuple[VmDisk, ...] = ()
    cdrom: Path | None = None
    variables: Path | None = None
    tpm: Path | None = None
    hardware: Hardware = Hardware.VIRTIO
    kernel: DirectKernel | None = None
    network_boot: NetworkBoot | None = None
    network: bool = True
    events: Path | None = None
    memory_mib: int = 2048
    cpus: int = 0
    stop_on_reset: bool = True


def variables_of(firmware: Firmware) -> Path:
    """The variables that a new machine has."""
    return OVMF / ("OVMF_VARS_4M.ms.fd" if firmware is Firmware.SECURE else "OVMF_VARS_4M.fd")


def secure_boot_off(config: VmConfig, variables: Path) -> VmConfig:
    """The same machine, TPM included, as if its owner had switched Secure Boot off: its firmware
    does not enforce, and has lost its boot entries (``variables`` is made anew).
    """
    variables.unlink(missing_ok=True)
    return replace(config, firmware=Firmware.EFI, variables=variables)


def qemu_arguments(config: VmConfig, *, serial: str, monitor: str, tpm: str = "") -> list[str]:
    """The command line. ``serial``, ``monitor`` and ``tpm`` say where the first serial port, the
    machine protocol and the TPM's control channel talk, in the words of QEMU's ``-chardev``
    (``socket,fd=7``, ``stdio``, ``null``).
    """
    return [
        QEMU, "-name", config.name, "-nodefaults", "-no-user-config", "-display", "none",
        "-smp", str(config.cpus or _share_of_cpus()), "-m", str(config.memory_mib),
        *accelerator(),
        *_firmware(config),
        "-vga", "std",
        "-device", "virtio-rng-pci",
        "-chardev", f"{serial},id=serial0", "-serial", "chardev:serial0",
        "-chardev", f"{monitor},id=qmp", "-mon", "chardev=qmp,mode=control",
        *_events(config),
        *_tpm(tpm),
        *_disks(config),
        *_network(config),
        *_direct_kernel(config),
        *(["-action", "reboot=shutdown"] if config.stop_on_reset else []),
    ]  # fmt: skip


def _share_of_cpus() -> int:
    """As many as there are on the host, at most 2, over the tests that run at once."""
    at_once = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    return max(1, min(2, os.cpu_count() or 1) // at_once)


@cache
def accelerator() -> tuple[str, ...]:
    """KVM where a machine really starts with it, else emulation: ``/dev/kvm`` alone says little."""
    tried = subprocess.run(
        [QEMU, "-accel", "kvm", "-cpu", "host", "-machine", "q35", "-nodefaults",
         "-display", "none", "-monitor", "stdio"],
        input=b"quit\n", capture_output=True, timeout=30, check=False,
    )  # fmt: skip
    if tried.returncode == 0:
        return ("-accel", "kvm", "-cpu", "host")
    return ("-accel", "tcg,thread=multi", "-cpu", _EMULATED_CPU)


def emulated() -> bool:
    """Whether the processor is emulated: everything takes some ten times as long."""
    return "kvm" not in accelerator()


def _firmware(config: VmConfig) -> list[str]:
    if config.firmware is Firmware.BIOS:
        return ["-machine", "pc"]
    secure = config.firmware in (Firmware.SECURE, Firmware.SETUP)
    code = OVMF / ("OVMF_CODE_4M.secboot.fd" if secure else "OVMF_CODE_4M.fd")
    if config.variables is None:
        raise ValueError("an EFI machine needs a file for its variables")
    if not config.variables.exists():
        shutil.copyfile(variables_of(config.firmware), config.variables)
    return [
        "-machine", f"q35,smm={'on' if secure else 'off'}",
        *(["-global", "driver=cfi.pflash01,property=secure,value=on"] if secure else []),
        "-drive", f"if=pflash,unit=0,format=raw,readonly=on,file={code}",
        "-drive", f"if=pflash,unit=1,format=raw,file={config.variables}",
    ]  # fmt: skip


def _tpm(tpm: str) -> list[str]:
    if not tpm:
        return []
    return [
        "-chardev", f"{tpm},id=tpm0", "-tpmdev", "emulator,id=tpm0,chardev=tpm0",
        "-device", "tpm-crb,tpmdev=tpm0",
    ]  # fmt: skip


def swtpm_arguments(state: Path, *, fd: int) -> list[str]:
    """The command line of a TPM 2.0 whose control channel is ``fd``; it ends with QEMU."""
    return [
        "swtpm", "socket", "--tpm2", "--tpmstate", f"dir={state}",
        "--ctrl", f"type=unixio,clientfd={fd}", "--terminate",
    ]  # fmt: skip


def _events(config: VmConfig) -> list[str]:
    if config.events is None:
        return []
    return ["-chardev", f"file,id=serial1,path={config.events}", "-serial", "chardev:serial1"]


def _disks(config: VmConfig) -> list[str]:
    bios = config.firmware is Firmware.BIOS
    usual = Bus.VIRTIO if config.hardware is Hardware.VIRTIO else Bus.SATA
    buses = [disk.bus or usual for disk in config.disks]
    arguments = ["-device", "ich9-ahci,id=sata"] if Bus.SATA in buses else []
    arguments += ["-device", "qemu-xhci,id=xhci"] if Bus.USB in buses else []
    for number, (disk, bus) in enumerate(zip(config.disks, buses, strict=True)):
        arguments += ["-blockdev", _disk_node(f"disk{number}", disk)]
        if disk.late:
            continue
        # An NVMe drive is none without a serial number.
        name = disk.serial or (f"disk{number}" if bus is Bus.NVME else "")
        serial = f",serial={name}" if name else ""
        sizes = f",logical_block_size={disk.sector},physical_block_size={disk.sector}"
        # EFI machines get no order from outside: what counts there is the NVRAM.
        order = f",bootindex={number + 2}" if bios else ""
        device = f"{_disk_device(bus, number)},drive=disk{number}{serial}"
        arguments += ["-device", f"{device}{sizes if disk.sector != 512 else ''}{order}"]
    if config.cdrom is not None:
        arguments += ["-blockdev", _file_node("cdrom", config.cdrom, read_only=True)]
        port, order = ("ide.1", ",bootindex=1") if bios else ("ide.0", "")
        arguments += ["-device", f"ide-cd,id=cd,bus={port},drive=cdrom{order}"]
    return arguments


def _disk_device(bus: Bus, number: int) -> str:
    match bus:
        case Bus.VIRTIO:
            return "virtio-blk-pci"
        case Bus.NVME:
            return "nvme"
        case Bus.SATA:
            return f"ide-hd,bus=sata.{number}"
        case Bus.USB:
            return "usb-storage,bus=xhci.0"


def write_faults(rules: Path, sectors: Iterable[int]) -> Path:
    """Rules by which every write that touches one of the sectors (of 512 bytes) ends with EIO.

    https://qemu-project.gitlab.io/qemu/devel/testing/blkdebug.html
    """
    rule = '[inject-error]\nevent = "none"\niotype = "write"\nerrno = "5"\nsector = "{}"\n'
    rules.write_text("\n".join(rule.format(each) for each in sectors), encoding="ascii")
    return rules


def plug_arguments(config: VmConfig, number: int) -> dict[str, str]:
    """What QMP's ``device_add`` gets to put in a disk that is ``late``."""
    disk = config.disks[number]
    if disk.bus not in {None, Bus.VIRTIO}:
        raise ValueError("only a virtio disk can be late")
    serial = {"serial": disk.serial} if disk.serial else {}
    return {"driver": "virtio-blk-pci", "drive": f"disk{number}", "id": f"late{number}", **serial}


def _disk_node(name: str, disk: VmDisk) -> str:
    if disk.log is not None:
        disk.log.write_bytes(b"")
        log = f"log-sector-size={disk.sector},log.driver=file,log.filename={disk.log}"
        image = f"file.file.driver=file,file.file.filename={disk.path},file.cache.no-flush=on"
        return f"driver=blklogwrites,node-name={name},{log},file.driver=raw,{image}"
    node = _file_node(name, disk.path, read_only=False)
    if disk.faults is None:
        return node
    image = f"file.image.driver=file,file.image.filename={disk.path}"
    start, _, _ = node.partition("file.driver=")
    return f"{start}file.driver=blkdebug,file.config={disk.faults},{image}"


def _file_node(name: str, path: Path, *, read_only: bool) -> str:
    # cache.direct off and no flush to the host's disk: the host never loses power in a test.
    flags = "read-only=on" if read_only else "read-only=off,discard=unmap,cache.no-flush=on"
    return f"driver=raw,node-name={name},{flags},file.driver=file,file.filename={path}"


def _network(config: VmConfig) -> list[str]:
    if not config.network:
        return []
    boot = config.network_boot
    tftp = f",tftp={boot.folder},bootfile={boot.bootfile}" if boot else ""
    model = "virtio-net-pci" if config.hardware is Hardware.VIRTIO else "e1000"
    # No option ROM: with the firmware's own network driver shim gets its next file by TFTP.
    order = ",bootindex=1" if boot else ""
    return [
        "-netdev", f"user,id=net0{tftp}",
        "-device", f"{model},netdev=net0,mac=52:54:00:12:34:56,romfile={order}",
    ]  # fmt: skip


def _direct_kernel(config: VmConfig) -> list[str]:
    if config.kernel is None:
        return []
    kernel = config.kernel
    return [
        "-kernel", str(kernel.kernel), "-initrd", str(kernel.initrd),
        "-append", kernel.arguments,
    ]  # fmt: skip
