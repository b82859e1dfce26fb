"""Unified kernel images in the plan: what the host is told of them, and what its ESPs get.

systemd-boot starts them, both are signed with the owner's key, and nothing that is started is
outside of a signature: neither the initrd nor the command line. The newest image is started that
has not failed three times; one that starts without failed units declares itself good
(``photon-uki``). https://systemd.io/AUTOMATIC_BOOT_ASSESSMENT/
"""

from __future__ import annotations

from importlib import resources

from installer.actions.action import Action
from installer.actions.boot.systemd_boot import SignSystemdBoot, WriteSystemdBoot
from installer.actions.boot.uki import BUILDER, MakeUki
from installer.actions.host.files import WriteFile
from installer.actions.host.services import SetUnits
from installer.config.boot import Boot, BootMode
from installer.machine.text import disk_text
from installer.plan.boot.loader import BootPlace, kernel_command_line
from installer.plan.storage.model import EspPlace
from installer.sizes import MIB, format_size
from ks_schema.problem import Problem

# Measured: 28 MiB with the cloud kernel, 31 with the other; an initrd for LUKS, LVM and RAID adds
# some. There must be room for the next one beside the one that runs, and for the loader.
_IMAGE_ROOM = 64 * MIB
LEAST_ESP = 2 * _IMAGE_ROOM + 4 * MIB

_UNITS = ("photon-uki-good.service", "systemd-boot-check-no-failures.service")
_FILES = (
    ("photon-uki", BUILDER, 0o755),
    ("photon-uki-good.service", "/etc/systemd/system/photon-uki-good.service", 0o644),
)
# The image's PCR signatures are for the phases of a start, and the first of them is the initrd's.
_DRACUT = """\
# Written by photon-installer.
add_dracutmodules+=" photon-tpm2 systemd-pcrphase "
"""


def uki_problems(esps: tuple[EspPlace, ...], mode: BootMode) -> tuple[Problem, ...]:
    """What keeps a layout from starting by systemd-boot."""
    if mode is not BootMode.EFI:
        message = f"systemd-boot starts by EFI alone, and the disk is to start by {mode}"
        hint = "use the mode efi, or the loader grub"
        return (Problem(pointer="/boot/loader", message=message, hint=hint),)
    return tuple(
        Problem(
            pointer="/storage",
            message=f"the ESP on {disk_text(each.disk.disk)} has "
            f"{format_size(each.partition.size)}: two unified kernel images do not fit",
            hint=f"make it {format_size(LEAST_ESP)} or larger",
        )
        for each in esps
        if each.partition.size < LEAST_ESP
    )


def uki_files(boot: Boot, place: BootPlace) -> tuple[Action, ...]:
    """Before the initramfs is made: what the host makes its images by."""
    return (
        *(WriteFile(path=path, text=_file_text(name), mode=mode) for name, path, mode in _FILES),
        WriteFile(path="/etc/kernel/cmdline", text=kernel_command_line(boot, place) + "\n"),
        WriteFile(path="/etc/dracut.conf.d/zz-photon-uki.conf", text=_DRACUT),
        SetUnits(state="enabled", units=_UNITS),
    )


def uki_actions(boot: Boot, kernel_version: str) -> tuple[Action, ...]:
    """After the initramfs and the owner's keys, before the root is written out: what is started."""
    db = boot.owner_keys.db if boot.owner_keys else None
    return (MakeUki(kernel_version=kernel_version, db=db), SignSystemdBoot(db=db))


def uki_esp_actions(
    boot: Boot, esps: tuple[EspPlace, ...], kernel_version: str
) -> tuple[Action, ...]:
    """After the root is written out: the ESPs, the one that is mounted first."""
    return tuple(
        WriteSystemdBoot(
            volume=each.filesystem.volume,
            loader_conf=loader_conf_text(boot),
            kernel_version=kernel_version,
        )
        for each in esps
    )


def loader_conf_text(boot: Boot) -> str:
    """The loader's configuration: the command line stays the signed one, the keys those enrolled.

    https://www.freedesktop.org/software/systemd/man/latest/loader.conf.html
    """
    return f"""\
timeout {boot.timeout}
editor no
console-mode keep
secure-boot-enroll off
"""


def _file_text(name: str) -> str:
    return resources.files("installer.plan").joinpath("uki_files", name).read_text("utf-8")
