"""A case's places and its machine."""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from installer.sizes import GIB
from tests.vm.guest import CASES, Account
from tests.vm.media import blank_disk, from_medium, medium_with
from tests.vm.qemu import Bus, DirectKernel, VmDisk
from tests.vm.virtual_machine import LOG_FOLDER

OPS = Account(name="ops", password="correct horse")
# What the boot menu's own serial entry says, but for `quiet`: the kernel tells when it starts.
LIVE_ARGUMENTS = "boot=photon loglevel=4 console=tty0 console=ttyS0,115200"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """``tests/cases/NAME`` holds what it is, ``build/vm/NAME`` what becomes of it."""

    name: str

    @property
    def source(self) -> Path:
        """Where the kickstart and the check script are."""
        return CASES / self.name

    @property
    def work(self) -> Path:
        """Where disks and logs go."""
        return LOG_FOLDER / self.name

    @property
    def variables(self) -> Path:
        """The firmware's NVRAM, kept from one machine of the case to the next."""
        return self.work / "variables.fd"

    @property
    def tpm(self) -> Path:
        """The TPM's state, kept likewise."""
        return self.work / "tpm"

    def disk(
        self,
        number: int = 0,
        *,
        size: int = 8 * GIB,
        bus: Bus | None = None,
        sector: int = 512,
    ) -> VmDisk:
        """A new empty disk of ``size`` bytes; its serial number is PHOTON and the number.

        With the first disk the machine is new: its NVRAM and its TPM are, too.
        """
        self.work.mkdir(parents=True, exist_ok=True)
        if number == 0:
            self.variables.unlink(missing_ok=True)
            shutil.rmtree(self.tpm, ignore_errors=True)
        path = blank_disk(self.work / f"disk{number or ''}.img", size)
        return VmDisk(path=path, serial=f"PHOTON{number}", bus=bus, sector=sector)

    def medium(self, medium: Path, arguments: str, files: Mapping[str, Path] | None = None) -> Path:
        """A copy of the medium that starts by itself with these kernel arguments added.

        ``files`` (path on the medium: file) are added to it.
        """
        self.work.mkdir(parents=True, exist_ok=True)
        menu = from_medium(medium, "/boot/grub/grub.cfg", self.work / "grub.cfg")
        menu.write_text(self_starting(menu.read_text("utf-8"), arguments), encoding="utf-8")
        return medium_with(
            medium, self.work / "medium.iso", {"/boot/grub/grub.cfg": menu, **(files or {})}
        )

    def kernel(self, medium: Path, arguments: str) -> DirectKernel:
        """The medium's kernel, started by QEMU without the boot menu."""
        self.work.mkdir(parents=True, exist_ok=True)
        return DirectKernel(
            kernel=from_medium(medium, "/photon/vmlinuz", self.work / "vmlinuz"),
            initrd=from_medium(medium, "/photon/initrd", self.work / "initrd"),
            arguments=f"{LIVE_ARGUMENTS} {arguments}",
        )


def case_name(test: str) -> str:
    """A case's name from its test's, as in ``refused[bad-type]``."""
    path, _, function = test.partition("::")
    case = Path(path).stem.removeprefix("test_")
    more = function.removeprefix("test_").removeprefix(case).strip("_")
    plain = re.sub(r"_(?![^\[]*\])", "-", more)
    name = case.replace("_", "-")
    return f"{name}{plain}" if plain.startswith("[") or not plain else f"{name} {plain}"


def self_starting(menu: str, arguments: str) -> str:
    """The boot menu with its serial entry chosen at once and ``arguments`` on its kernel line.

    Not quiet: that the kernel starts, and what of, is then seen on the serial line.
    """
    if "$photon_arguments" not in menu or "--id serial " not in menu:
        raise ValueError("the boot menu has no serial entry that takes arguments")
    return (
        menu.replace(" quiet ", " ")
        + f'\nset photon_arguments="{arguments}"\nset default=serial\nset timeout=0\n'
    )
