"""All registers of the next start of a host: shim, GRUB and its menu, the kernel."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path

from installer.boot.grub.evaluator import ENCODING
from installer.boot.layout import DEBIAN, HostLayout, firmware_path
from installer.machine.facts import BootEntry
from installer.measured import policy, programs, shim
from installer.measured.log import ZERO, Event, register
from installer.measured.menu import UNNUMBERED, GrubStart, GrubVolume, start_menu
from installer.measured.policy import predict_policy
from installer.measured.prediction import Prediction, UnpredictableError, attempt
from installer.measured.programs import predict_programs
from installer.measured.shim import predict_owner, shim_state
from installer.secureboot.signature import SignatureVerifier
from installer.secureboot.variables import GLOBAL, Variables

COMMANDS, FILES, UNIFIED = 8, 9, 11

_SUPPORTED = "OsIndicationsSupported"
_SETUP = 1  # the bit that says that the setup can be entered from the system


class Way(StrEnum):
    """How the firmware comes to shim: by the entry that the installer wrote, or by /EFI/BOOT."""

    ENTRY = "entry"
    REMOVABLE = "removable"


@dataclass(frozen=True, slots=True, kw_only=True)
class HostFiles:
    """What the host starts from: its ESP, and the filesystems that the menus there look for.

    ``partition`` is the GUID of that ESP's partition; ``kernels`` are the paths of all that the
    menus may start.
    """

    esp: GrubVolume
    volumes: tuple[GrubVolume, ...]
    partition: str = ""
    kernels: tuple[Path, ...] = ()
    layout: HostLayout = DEBIAN

    def loaders(self, way: Way) -> tuple[str, str]:
        """The paths of the shim that starts first, and of GRUB."""
        if way is Way.ENTRY:
            return f"/{self.layout.shim_path}", f"/{self.layout.vendor}/{self.layout.grub.name}"
        return f"/{self.layout.removable_path}", f"/{self.layout.removable}/{self.layout.grub.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class FirmwareState:
    """The firmware that will start the host, as it will be then.

    ``variables`` is None when that is another machine, of which nothing is known; ``events`` is the
    log of the last start by it, () when there is none; ``first`` is the entry that it tries first,
    None when that is not known.
    """

    variables: Variables | None
    events: tuple[Event, ...] = ()
    first: BootEntry | None = None

    @property
    def known(self) -> Variables:
        """Its variables.

        :raises UnpredictableError: it is another machine's.
        """
        if self.variables is None:
            raise UnpredictableError("it depends on the keys of the machine that will start it")
        return self.variables

    @property
    def setup(self) -> bool:
        """Whether its setup can be entered from the system, as with all that do not say."""
        supported = (self.variables or {}).get((_SUPPORTED, GLOBAL))
        return supported is None or bool(supported[:1] and supported[0] & _SETUP)


def predict_start(
    verifier: SignatureVerifier, host: HostFiles, firmware: FirmwareState, *, way: Way = Way.ENTRY
) -> dict[int, Prediction]:
    """What the registers 4, 7, 8, 9, 11 and 14 will hold when the kernel has started.

    It is the default entry of an untouched menu, tried first by the firmware. By ``/EFI/BOOT``
    shim's fallback, where it is, writes an entry and restarts: the start after that is meant.
    """
    by_entry = way is Way.ENTRY
    if host.esp.read(f"/{host.layout.removable}/{host.layout.fallback.name}"):
        way = Way.ENTRY
    shim_path, grub_path = host.loaders(way)

    @cache
    def menu() -> GrubStart:
        return start_menu(host.esp, host.volumes, firmware_setup=firmware.setup, layout=host.layout)

    @cache
    def chain() -> tuple[tuple[str, bytes], ...]:
        loaders = (("shim", _read(host.esp, shim_path)), ("GRUB", _read(host.esp, grub_path)))
        return (*loaders, _kernel(host, menu))

    def by_programs() -> Prediction:
        if by_entry:
            require_first(firmware.first, host.partition, host.layout.shim_path)
        return predict_programs(chain(), firmware.events)

    def by_policy() -> Prediction:
        files = [data for _, data in chain()]
        state = shim_state(files[0], firmware.known)
        return predict_policy(verifier, files, firmware.known, state, firmware.events)

    def by_owner() -> Prediction:
        return predict_owner(shim_state(_read(host.esp, shim_path), firmware.known))

    return {
        programs.PCR: attempt(by_programs),
        policy.PCR: attempt(by_policy),
        COMMANDS: attempt(lambda: _predict_commands(menu())),
        FILES: attempt(lambda: _predict_files(menu(), host.layout)),
        UNIFIED: Prediction(value=ZERO, why="nothing: the kernel is not a unified kernel image"),
        shim.PCR: attempt(by_owner),
    }


def require_first(first: BootEntry | None, partition: str, loader: str) -> None:
    """The firmware tries nothing before this loader on the ESP with this partition's GUID.

    :raises UnpredictableError: it does, and measures that.
    """
    own = firmware_path(loader).lower()
    if first and (first.partition != partition.lower() or first.loader.lower() != own):
        raise UnpredictableError(f'the firmware tries "{first.label}" first, and measures that')


def _predict_commands(start: GrubStart) -> Prediction:
    if any(f"({UNNUMBERED}" in each for each in start.commands):
        raise UnpredictableError(
            "GRUB's commands name its disks, which it numbers as the firmware lists them"
        )
    digests = (hashlib.sha256(each.encode(*ENCODING)).digest() for each in start.commands)
    why = f"the {len(start.commands)} commands of GRUB's menus, when nobody touches a key"
    return Prediction(value=register(digests), why=why)


def _predict_files(start: GrubStart, layout: HostLayout) -> Prediction:
    """What GRUB reads; then the kernel measures its command line and the initrd itself.

    https://git.kernel.org/pub/scm/linux/kernel/git/torvalds/linux.git/tree/drivers/firmware/efi/libstub/efi-stub-helper.c
    """
    options = f"BOOT_IMAGE={start.arguments}".encode("utf-16-le")
    by_kernel = [options, start.initrd] if start.initrd else [options]
    value = register([*start.files, *(hashlib.sha256(each).digest() for each in by_kernel)])
    release = _release(start.arguments, layout)
    why = f"GRUB's menus, {release}, its initrd and its command line"
    return Prediction(value=value, why=why)


def _kernel(host: HostFiles, menu: Callable[[], GrubStart]) -> tuple[str, bytes]:
    """The kernel that starts: the menu's, or the only one that there is."""
    try:
        start = menu()
    except UnpredictableError:
        found = {each.read_bytes(): each.name for each in host.kernels}
        if len(found) != 1:
            raise
        ((data, name),) = found.items()
        return _release(name, host.layout), data
    return _release(start.arguments, host.layout), start.kernel


def _release(path: str, layout: HostLayout) -> str:
    return "Linux " + path.partition(" ")[0].rpartition("/")[2].removeprefix(layout.kernel)


def _read(volume: GrubVolume, path: str) -> bytes:
    data = volume.read(path)
    if data is None:
        raise UnpredictableError(f"the ESP has no {path}")
    return data
